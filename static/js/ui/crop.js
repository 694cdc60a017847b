/**
 * `[data-upload]`: choose or drop a picture, move and zoom it behind a frame. The file is sent as it is, with the part
 * that is wanted as "x,y,width,height" in fractions; the server cuts. Without a script it takes the middle.
 */
import { CropFrame } from "./crop-frame.js";

const KINDS = ["image/jpeg", "image/png", "image/webp", "image/gif"];

class Upload {
  #root;
  #file;
  #crop;
  #mostBytes;
  #ratio;

  constructor(root) {
    this.#root = root;
    this.#file = root.querySelector("input[type=file]");
    this.#crop = root.querySelector("[data-upload-crop]");
    this.#mostBytes = Number(root.dataset.mostBytes);
    const [width, height] = root.dataset.ratio.split(":").map(Number);
    this.#ratio = width / height;
    this.#file.addEventListener("change", () => this.#chosen());
    for (const kind of ["dragenter", "dragover"]) root.addEventListener(kind, (event) => this.#over(event));
    for (const kind of ["dragleave", "drop", "dragend"]) root.addEventListener(kind, () => delete root.dataset.over);
    root.addEventListener("drop", (event) => this.#dropped(event));
  }

  #over(event) {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    this.#root.dataset.over = "";
  }

  #dropped(event) {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    this.#file.files = one.files;
    this.#chosen();
  }

  async #chosen() {
    const [file] = this.#file.files;
    this.#crop.value = "";
    this.#complain("");
    if (!file) return;
    const image = await this.#read(file).catch(({ message }) => this.#refuse(message));
    if (!image) return;
    const crop = await this.#ask(image);
    if (!crop) return this.#refuse("");
    this.#file.focus();
    this.#crop.value = crop.map((part) => part.toFixed(6)).join(",");
    this.#show(image, crop);
    const remove = this.#root.querySelector("input[type=checkbox]");
    if (remove) remove.checked = false;
  }

  /** The picture, ready to be drawn. Throws words for people: what is wrong is told before anything is sent. */
  async #read(file) {
    const most = Math.floor(this.#mostBytes / 2 ** 20);
    if (file.size > this.#mostBytes) throw new Error(`This picture is too big. Use one of at most ${most} MB.`);
    if (file.type && !KINDS.includes(file.type)) throw new Error("This is no picture that we can read. Use JPEG, PNG, WebP or GIF.");
    const image = new Image();
    image.src = URL.createObjectURL(file);
    image.alt = "";
    await image.decode().catch(() => {
      URL.revokeObjectURL(image.src);
      throw new Error("This picture is damaged. Save it again and retry.");
    });
    return image;
  }

  /** No file, then; the words say why, if there is something to say. */
  #refuse(words) {
    this.#file.value = "";
    this.#complain(words);
    this.#file.focus();
  }

  #complain(words) {
    let line = this.#root.querySelector("[data-upload-error]");
    if (!line) {
      line = document.createElement("p");
      line.className = "form-error";
      line.dataset.uploadError = "";
      line.setAttribute("role", "alert");
      this.#root.querySelector(".upload-ways").append(line);
    }
    line.textContent = words;
    line.hidden = !words;
    if (words) this.#file.setAttribute("aria-invalid", "true");
    else this.#file.removeAttribute("aria-invalid");
  }

  /** Resolves with [x, y, width, height], or with null when nothing was chosen. */
  #ask(image) {
    const dialog = this.#makeDialog();
    const frame = new CropFrame(dialog, image, this.#ratio);
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        const crop = dialog.returnValue === "use" ? frame.crop : null;
        frame.stop();
        dialog.remove();
        resolve(crop);
      }, { once: true });
      dialog.showModal();
      frame.start();
    });
  }

  #makeDialog() {
    const template = this.#root.querySelector("template[data-upload-dialog]");
    const dialog = template.content.firstElementChild.cloneNode(true);
    this.#root.append(dialog);
    return dialog;
  }

  #show(image, [x, y, width, height]) {
    const canvas = document.createElement("canvas");
    const box = this.#root.querySelector("[data-upload-now]");
    const scale = Math.min(2, devicePixelRatio) * box.clientWidth;
    canvas.width = Math.round(scale);
    canvas.height = Math.round(scale / this.#ratio);
    const [w, h] = [image.naturalWidth, image.naturalHeight];
    canvas.getContext("2d").drawImage(image, x * w, y * h, width * w, height * h, 0, 0, canvas.width, canvas.height);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "The new picture");
    box.replaceChildren(canvas);
    URL.revokeObjectURL(image.src);
  }
}

for (const root of document.querySelectorAll("[data-upload]")) new Upload(root);
