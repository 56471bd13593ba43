// Pictures: dropped or chosen, cut to a fitting shape in the browser, sent to the server, which judges and re-encodes.
//   <div data-picture data-url data-into data-types data-bytes data-shapes='[["2:1",2],…]' data-width>  with an <input type=file>
(() => {
  "use strict";
  const dialog = document.getElementById("crop");
  if (!dialog) return;
  const stage = dialog.querySelector("[data-stage]");
  const image = dialog.querySelector("img");
  const box = dialog.querySelector("[data-box]");
  const shapes = dialog.querySelector("[data-shapes]");
  const ranges = Object.fromEntries([...dialog.querySelectorAll("input[type=range]")].map((range) => [range.name, range]));
  const foot = (picture) => picture.querySelector("[data-picture-error]");
  const fail = (picture, text) => {
    picture.classList.remove("is-busy");
    foot(picture).textContent = text;
  };

  let job = null; // {picture, file, ratio, cut: {x, y, w}} in the image's own pixels
  const height = () => job.cut.w / job.ratio;
  const largest = () => Math.min(image.naturalWidth, image.naturalHeight * job.ratio);
  const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));
  const lay = () => {
    const { cut } = job;
    cut.w = clamp(cut.w, Math.min(largest(), largest() * 0.2), largest());
    cut.x = clamp(cut.x, 0, image.naturalWidth - cut.w);
    cut.y = clamp(cut.y, 0, image.naturalHeight - height());
    const percent = (part, whole) => `${(100 * part) / whole}%`;
    box.style.left = percent(cut.x, image.naturalWidth);
    box.style.top = percent(cut.y, image.naturalHeight);
    box.style.width = percent(cut.w, image.naturalWidth);
    box.style.height = percent(height(), image.naturalHeight);
    ranges.size.value = String(Math.round((100 * cut.w) / largest()));
    const [sideways, upright] = [image.naturalWidth - cut.w, image.naturalHeight - height()];
    ranges.left.disabled = sideways < 1;
    ranges.top.disabled = upright < 1;
    ranges.left.value = String(sideways < 1 ? 50 : Math.round((100 * cut.x) / sideways));
    ranges.top.value = String(upright < 1 ? 50 : Math.round((100 * cut.y) / upright));
    const small = cut.w < Number(job.picture.dataset.least || 0);
    dialog.querySelector("[data-small]").hidden = !small;
    dialog.querySelector("[data-measures]").textContent = `${Math.round(cut.w)} × ${Math.round(height())}`;
  };
  const shape = (ratio) => {
    job.ratio = ratio;
    const width = largest();
    job.cut = { x: (image.naturalWidth - width) / 2, y: (image.naturalHeight - width / ratio) / 2, w: width };
    lay();
  };

  const begin = async (picture, file) => {
    foot(picture).textContent = "";
    if (!picture.dataset.types.split(",").includes(file.type)) return fail(picture, picture.dataset.saidType);
    if (file.size > 40_000_000) return fail(picture, picture.dataset.saidBig);
    job = { picture, file, ratio: 1, cut: null };
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(file);
    try {
      await image.decode();
    } catch {
      return fail(picture, picture.dataset.saidType);
    }
    const offered = JSON.parse(picture.dataset.shapes);
    const own = image.naturalWidth / image.naturalHeight;
    const [low, high] = [Number(picture.dataset.low), Number(picture.dataset.high)]; // width / height
    const fits = own >= low * 0.995 && own <= high * 1.005;
    const choices = [...offered, ...(fits && !offered.some(([, r]) => Math.abs(r - own) < 0.01) ? [[shapes.dataset.saidOwn, own]] : [])];
    shapes.replaceChildren(
      ...choices.map(([label, ratio], index) => {
        const part = document.createElement("label");
        part.className = "chip";
        const input = Object.assign(document.createElement("input"), { type: "radio", name: "shape", value: String(ratio), checked: index === 0 });
        part.append(input, label);
        return part;
      }),
    );
    shapes.hidden = choices.length < 2;
    dialog.showModal();
    shape(choices[0][1]);
    box.focus();
  };

  shapes.addEventListener("change", (event) => shape(Number(event.target.value)));
  ranges.size.addEventListener("input", () => {
    const before = { w: job.cut.w, h: height() };
    job.cut.w = (largest() * Number(ranges.size.value)) / 100;
    job.cut.x += (before.w - job.cut.w) / 2;
    job.cut.y += (before.h - height()) / 2;
    lay();
  });
  ranges.left.addEventListener("input", () => {
    job.cut.x = ((image.naturalWidth - job.cut.w) * Number(ranges.left.value)) / 100;
    lay();
  });
  ranges.top.addEventListener("input", () => {
    job.cut.y = ((image.naturalHeight - height()) * Number(ranges.top.value)) / 100;
    lay();
  });
  box.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const grow = { "+": 1.05, "=": 1.05, "-": 1 / 1.05 }[event.key];
    if (!way && !grow) return;
    event.preventDefault();
    const step = Math.max(1, (event.shiftKey ? 0.1 : 0.02) * image.naturalWidth);
    if (way) [job.cut.x, job.cut.y] = [job.cut.x + way[0] * step, job.cut.y + way[1] * step];
    else job.cut.w *= grow;
    lay();
  });

  // The mouse or a finger: the box moves, its corner resizes
  let grip = null;
  const scale = () => image.naturalWidth / image.getBoundingClientRect().width;
  stage.addEventListener("pointerdown", (event) => {
    if (!event.target.closest("[data-box]")) return;
    stage.setPointerCapture(event.pointerId);
    grip = { x: event.clientX, y: event.clientY, cut: { ...job.cut }, corner: Boolean(event.target.closest("[data-corner]")) };
    event.preventDefault();
    box.focus();
  });
  stage.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const [dx, dy] = [(event.clientX - grip.x) * scale(), (event.clientY - grip.y) * scale()];
    if (grip.corner) {
      const room = Math.min(image.naturalWidth - grip.cut.x, (image.naturalHeight - grip.cut.y) * job.ratio);
      job.cut = { ...grip.cut, w: Math.min(grip.cut.w + Math.max(dx, dy * job.ratio), room) };
    } else job.cut = { ...grip.cut, x: grip.cut.x + dx, y: grip.cut.y + dy };
    lay();
  });
  for (const type of ["pointerup", "pointercancel"]) stage.addEventListener(type, () => (grip = null));

  const encode = () => {
    const { cut, picture } = job;
    const width = Math.round(Math.min(cut.w, Number(picture.dataset.width) || cut.w));
    const canvas = Object.assign(document.createElement("canvas"), { width, height: Math.round(width / job.ratio) });
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(image, cut.x, cut.y, cut.w, height(), 0, 0, canvas.width, canvas.height);
    const type = job.file.type === "image/png" ? "image/png" : "image/jpeg";
    return new Promise((done) => canvas.toBlob(done, type, 0.93));
  };
  const send = async (picture, blob, name) => {
    const body = new FormData();
    body.set("file", blob, name);
    body.set("path", picture.dataset.path);
    body.set("layout", picture.dataset.layout);
    body.set("preset", picture.dataset.preset);
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    picture.classList.add("is-busy");
    try {
      const answer = await fetch(picture.dataset.url, { method: "POST", body, headers: { "X-CSRFToken": token, accept: "application/json" } });
      const said = await answer.json();
      if (!answer.ok) return fail(picture, said.message);
      document.getElementById(picture.dataset.into).value = String(said.id);
      window.pabal.compose?.(`image:${picture.dataset.path}`);
    } catch {
      fail(picture, window.pabal.say("sayOffline"));
    }
  };
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { picture, file } = job;
    const blob = await encode();
    dialog.close();
    await send(picture, blob, file.name);
  });

  document.addEventListener("change", (event) => {
    const picture = event.target.matches?.("input[type=file]") && event.target.closest("[data-picture]");
    if (!picture || !event.target.files[0]) return;
    const file = event.target.files[0];
    event.target.value = ""; // the same file may be chosen again
    begin(picture, file);
  });
  for (const type of ["dragenter", "dragover"]) {
    document.addEventListener(type, (event) => {
      const picture = event.target.closest?.("[data-picture]");
      if (!picture) return;
      event.preventDefault();
      picture.classList.add("is-over");
    });
  }
  document.addEventListener("dragleave", (event) => event.target.closest?.("[data-picture]")?.classList.remove("is-over"));
  document.addEventListener("drop", (event) => {
    const picture = event.target.closest?.("[data-picture]");
    if (!picture) return;
    event.preventDefault();
    picture.classList.remove("is-over");
    const file = event.dataTransfer.files[0];
    if (file) begin(picture, file);
  });
})();
