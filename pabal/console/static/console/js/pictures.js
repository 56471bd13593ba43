// Pictures of a message: dropped or chosen, sent with progress, listed, taken off again; or taken from the library.
(() => {
  "use strict";
  const box = document.querySelector("[data-mms]");
  if (!box) return;
  const find = (name) => box.querySelector(`[data-mms-${name}]`);
  const [list, blank, drop, progress, error] = ["list", "blank", "drop", "progress", "error"].map(find);
  const most = Number(box.dataset.mmsMost);

  const say = (text) => {
    error.textContent = text;
    error.hidden = !text;
    find("file").toggleAttribute("aria-invalid", Boolean(text));
  };
  const changed = () => {
    drop.hidden = list.children.length >= most;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const add = (picture) => {
    if (list.children.length >= most) return;
    const item = blank.content.firstElementChild.cloneNode(true);
    item.querySelector("img").src = picture.url;
    item.querySelector("[data-mms-name]").textContent = picture.name;
    item.querySelector("[data-mms-note]").textContent = picture.note;
    item.querySelector("input").value = picture.id;
    list.append(item);
    say("");
    box.dispatchEvent(new Event("input", { bubbles: true })); // the form has unsaved changes
    changed();
  };

  const send = (file) => {
    say("");
    const [bar, words] = progress.children;
    progress.hidden = false;
    bar.removeAttribute("value");
    words.textContent = "";
    const done = () => {
      progress.hidden = true;
      find("file").value = "";
      drop.querySelector("[data-drop-name]").textContent = "";
    };
    const body = new FormData();
    body.set("file", file, file.name);
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      bar.max = step.total;
      bar.value = step.loaded;
      words.textContent = `${Math.round((100 * step.loaded) / step.total)} %`;
      if (step.loaded === step.total) bar.removeAttribute("value"); // now the server works
    });
    request.addEventListener("error", () => {
      done();
      say(window.pabal.say("sayOffline"));
    });
    request.addEventListener("load", () => {
      done();
      let answer = null;
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // a page, not an answer
      }
      if (request.status === 200 && answer?.id) add(answer);
      else say(answer?.error?.message ?? window.pabal.say("sayError"));
    });
    request.open("POST", box.dataset.mmsUpload);
    request.setRequestHeader("X-CSRFToken", box.closest("form").elements.csrfmiddlewaretoken.value);
    request.send(body);
  };

  find("file").addEventListener("change", (event) => {
    event.stopPropagation(); // no change of the form yet
    if (event.target.files[0]) send(event.target.files[0]);
  });
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    send(file);
  });
  box.addEventListener("click", (event) => {
    const item = event.target.closest("[data-mms-remove]")?.closest("li");
    if (item) {
      item.remove();
      changed();
      find("file").focus();
    }
    const choice = event.target.closest("[data-mms-choose]");
    if (choice) add({ ...choice.dataset, id: choice.dataset.mmsChoose });
  });
  drop.hidden = list.children.length >= most;
})();
