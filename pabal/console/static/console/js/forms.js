// Forms: unsaved changes, insert at the cursor, growing text, copying, files with progress.
(() => {
  "use strict";
  const on = (type, selector, run) =>
    document.addEventListener(type, (event) => {
      const target = event.target instanceof Element && event.target.closest(selector);
      if (target) run(event, target);
    });

  // <form data-guard>: leaving with unsaved changes asks first
  const changed = new Set();
  on("input", "form[data-guard]", (event, form) => changed.add(form));
  on("submit", "form", (event, form) => changed.delete(form));
  window.addEventListener("beforeunload", (event) => {
    if ([...changed].some((form) => form.isConnected)) event.preventDefault();
  });

  // A plain form is sent once: its button turns busy
  on("submit", "form:not([hx-post], [hx-get], [data-upload], [data-many])", (event, form) => {
    if (event.defaultPrevented) return;
    const button = event.submitter;
    if (!button || form.method === "dialog" || form.method === "get") return;
    setTimeout(() => button.setAttribute("aria-busy", "true"));
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return; // only when "back" brings the page as it was left
    for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
  });

  // <button data-insert="{{ first_name }}" data-into="ID">; data-caret leaves the cursor that many characters before the end
  on("click", "[data-insert]", (event, button) => {
    const field = document.getElementById(button.dataset.into);
    if (!field) return;
    const text = button.dataset.insert;
    const start = field.selectionStart ?? field.value.length;
    field.setRangeText(text, start, field.selectionEnd ?? start, "end");
    const caret = start + text.length - Number(button.dataset.caret || 0);
    field.setSelectionRange(caret, caret);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const menu = button.closest("[data-menu]");
    if (menu) menu.open = false;
    field.focus();
  });
  // <button data-replace="’" data-with="'" data-into="ID">: everywhere in that text
  on("click", "[data-replace]", (event, button) => {
    const field = document.getElementById(button.dataset.into);
    if (!field) return;
    field.value = field.value.replaceAll(button.dataset.replace, button.dataset.with ?? "");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });

  // <textarea data-autogrow>: CSS does it where it can (field-sizing)
  if (!CSS.supports("field-sizing", "content")) {
    const grow = (area) => {
      area.style.height = "auto";
      area.style.height = `${area.scrollHeight + 2}px`;
    };
    on("input", "textarea[data-autogrow]", (event, area) => grow(area));
    document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("textarea[data-autogrow]").forEach(grow));
  }

  on("click", "[data-print]", () => window.print());

  // Copy: the code beside the button, or what data-copy says
  on("click", "[data-copy]", async (event, button) => {
    const text = button.dataset.copy || button.parentElement.querySelector("code, input, textarea")?.textContent || "";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.classList.add("is-done");
    setTimeout(() => button.classList.remove("is-done"), 1500);
    window.pabal.toast(window.pabal.say("sayCopied"), "success");
  });

  // <select data-submit> and the like send their form at once
  on("change", "[data-submit]", (event, control) => control.form?.requestSubmit());
  // <input type="checkbox" data-all="name"> ticks every box of that name
  on("change", "[data-all]", (event, box) => {
    for (const other of box.form.querySelectorAll(`input[type="checkbox"][name="${box.dataset.all}"]`)) other.checked = box.checked;
  });
  // data-show="field=value other=value": shown, and sent, only while the form's field has one of those values
  const fold = (form) => {
    for (const part of form.querySelectorAll("[data-show]")) {
      const wanted = part.dataset.show.split(" ").map((pair) => pair.split("="));
      const values = new FormData(form);
      part.hidden = !wanted.some(([name, value]) => values.getAll(name).includes(value));
      const controls = part.matches("fieldset") ? [part] : part.querySelectorAll("input, select, textarea");
      for (const control of controls) control.disabled = part.hidden;
    }
  };
  on("change", "form", (event, form) => fold(form));
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("form").forEach(fold));
  document.addEventListener("htmx:load", (event) => {
    const form = event.detail.elt.closest?.("form");
    if (form) fold(form);
    event.detail.elt.querySelectorAll?.("form").forEach(fold);
  });

  // Files: the label says what was chosen; dropping works anywhere on the box
  const size = (bytes) => {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
    const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
    const form = { style: "unit", unit: units[step], maximumFractionDigits: step ? 1 : 0 };
    return new Intl.NumberFormat(document.documentElement.lang, form).format(bytes / 1000 ** step);
  };
  on("change", "[data-drop] input", (event, input) => {
    const file = input.files[0];
    input.closest("[data-drop]").querySelector("[data-drop-name]").textContent = file ? `${file.name} · ${size(file.size)}` : "";
  });
  for (const type of ["dragenter", "dragover"]) on(type, "[data-drop]", (event, box) => box.classList.add("is-over"));
  for (const type of ["dragleave", "drop"]) on(type, "[data-drop]", (event, box) => box.classList.remove("is-over"));

  // <form data-upload>: sent with a progress bar; then the page that the server answers with
  on("submit", "form[data-upload]", (event, form) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    const button = event.submitter ?? form.querySelector("button[type='submit']");
    button?.setAttribute("aria-busy", "true");
    let shown = form.querySelector(".upload-progress");
    if (!shown) {
      shown = document.createElement("div");
      shown.className = "upload-progress";
      shown.append(document.createElement("progress"), Object.assign(document.createElement("span"), { className: "small soft num" }));
      shown.lastChild.setAttribute("role", "status");
      (form.querySelector("[data-drop]") ?? form.lastElementChild).after(shown);
    }
    const [bar, words] = shown.children;
    bar.setAttribute("aria-label", button?.textContent.trim() ?? "");
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      bar.max = step.total;
      bar.value = step.loaded;
      words.textContent = `${size(step.loaded)} / ${size(step.total)}`;
      if (step.loaded === step.total) bar.removeAttribute("value"); // now the server works
    });
    const fail = (text) => {
      button?.removeAttribute("aria-busy");
      shown.remove();
      window.pabal.toast(text, "error");
    };
    request.addEventListener("error", () => fail(window.pabal.say("sayOffline")));
    request.addEventListener("load", () => {
      const asked = new URL(form.action, location.href).href;
      if (request.status < 400 && request.responseURL && request.responseURL !== asked) {
        location.assign(request.responseURL);
        return;
      }
      const main = new DOMParser().parseFromString(request.responseText, "text/html").getElementById("main");
      if (!main) return fail(window.pabal.say("sayError"));
      document.getElementById("main").replaceWith(document.adoptNode(main));
      window.htmx?.process(main);
      main.querySelectorAll("form").forEach(fold);
      main.querySelector("[data-focus]")?.focus();
    });
    request.open("POST", form.action);
    request.send(new FormData(form));
  });
})();
