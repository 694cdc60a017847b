/** The dense numbers of a room: what is next, what is known, what is missing. Pure. */

export class Sequence {
  #last;
  #early = new Map();

  /** @param {number|null} last the last number already shown; null before anything is known */
  constructor(last = null) {
    this.#last = last;
  }

  get last() {
    return this.#last;
  }

  /** The first missing number while later ones wait, else null. */
  get hole() {
    return this.#early.size ? this.#last + 1 : null;
  }

  /** Take messages in any order; returns those whose turn it is, in order, each once. */
  take(messages) {
    const due = [];
    for (const message of messages) {
      if (this.#last === null) this.#last = message.seq - 1;
      if (message.seq > this.#last) this.#early.set(message.seq, message);
      this.#release(due);
    }
    return due;
  }

  /** Numbers up to and including `seq` will not be asked for; returns what waited behind them. */
  skipTo(seq) {
    if (this.#last === null || seq > this.#last) this.#last = seq;
    for (const early of this.#early.keys()) if (early <= this.#last) this.#early.delete(early);
    const due = [];
    this.#release(due);
    return due;
  }

  /** The missing numbers do not exist any more: go on behind them. */
  giveUp() {
    return this.#early.size ? this.skipTo(Math.min(...this.#early.keys()) - 1) : [];
  }

  #release(due) {
    while (this.#early.has(this.#last + 1)) {
      this.#last += 1;
      due.push(this.#early.get(this.#last));
      this.#early.delete(this.#last);
    }
  }
}
