/** Stills of what can be sought: which file, and which rectangle of it, shows a moment. */

export class Storyboard {
  #base;
  #width;
  #height;
  #tiles;

  /** @param {string} url the index, from the page or the API; files lie beside it
   * @returns {Promise<Storyboard>} rejects when there is none to be had at the moment */
  static async load(url) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`storyboard: ${answer.status}`);
    return new Storyboard(await answer.json(), new URL(url, document.baseURI).href);
  }

  /**
   * @param {{width: number, height: number, sheets: {file: string, tiles: [number, number][]}[]}} index `tiles` are
   * from left to right: milliseconds on the stream's timeline, and the same moment's date
   * @param {string} base the index' whole address
   */
  constructor({ width, height, sheets }, base) {
    this.#width = width;
    this.#height = height;
    this.#base = base;
    this.#tiles = sheets
      .flatMap(({ file, tiles }) => tiles.map(([, date], place) => ({ file, place, date })))
      .sort((one, other) => one.date - other.date);
  }

  /** The still of a date, which is what a player knows of the frame it shows (EXT-X-PROGRAM-DATE-TIME): the last one
   * before it, or the first of all; null while there is none.
   * @param {Date|number} date or milliseconds since the epoch
   * @returns {{url: string, x: number, y: number, width: number, height: number}|null} */
  atDate(date) {
    return this.#rectangle(this.#last(Number(date)));
  }

  #last(moment) {
    let [low, high] = [0, this.#tiles.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#tiles[middle].date <= moment) low = middle + 1;
      else high = middle;
    }
    return this.#tiles[Math.max(0, low - 1)];
  }

  #rectangle(tile) {
    if (!tile) return null;
    const [width, height] = [this.#width, this.#height];
    return { url: new URL(tile.file, this.#base).href, x: tile.place * width, y: 0, width, height };
  }
}
