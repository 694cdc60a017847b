// Reads the clock bits that clock_source.py puts into the top rows of the picture, from every frame that a <video>
// shows, and keeps { at, delay, mediaTime } of each in window.pictureClock.frames (milliseconds; mediaTime in seconds).
// A frame is only counted once its checksum fits: no clock in the picture, no sample.
(() => {
  const BITS = 32;
  const BLOCKS = 40;
  const canvas = document.createElement("canvas");
  canvas.width = BLOCKS;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingEnabled = false;

  const checksum = (stamp) => {
    let total = 0xa5;
    for (const shift of [24, 16, 8, 0]) total = (total * 31 + ((stamp >>> shift) & 0xff)) & 0xff;
    return total;
  };

  const readStamp = (video) => {
    // Only the middle of the 16 rows and of each block is looked at: edges are blurred by the encoder.
    const row = (video.videoHeight * 8) / 360;
    context.drawImage(video, 0, row, video.videoWidth, 1, 0, 0, BLOCKS, 1);
    const pixels = context.getImageData(0, 0, BLOCKS, 1).data;
    const bit = (i) => (pixels[i * 4 + 1] > 128 ? 1 : 0);
    let stamp = 0;
    for (let i = 0; i < BITS; i++) stamp = ((stamp << 1) | bit(i)) >>> 0;
    let sum = 0;
    for (let i = BITS; i < BLOCKS; i++) sum = (sum << 1) | bit(i);
    return sum === checksum(stamp) ? stamp : null;
  };

  const clock = { frames: [], waits: 0, unreadable: 0, video: null };

  const attach = (video) => {
    clock.video = video;
    video.addEventListener("waiting", () => {
      if (clock.frames.length) clock.waits += 1;
    });
    const look = (_now, frame) => {
      const stamp = readStamp(video);
      if (stamp === null) clock.unreadable += 1;
      else {
        const at = Date.now();
        clock.frames.push({ at, delay: ((at % 2 ** 32) - stamp) | 0, mediaTime: frame.mediaTime });
      }
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  };

  clock.attach = attach;
  clock.attachWhenPresent = () => {
    const video = document.querySelector("video");
    if (video) attach(video);
    else setTimeout(clock.attachWhenPresent, 10);
  };
  window.pictureClock = clock;
})();
