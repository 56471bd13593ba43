// The composer of KakaoTalk messages. The server draws and changes the form; this adds the hand: inserting at the cursor,
// emoji, dragging, saving as one goes.
(() => {
  "use strict";
  const form = document.getElementById("step");
  const url = form?.dataset.composer;
  if (!url) return;
  const says = document.getElementById("composer-said");
  const say = (key) => {
    says.textContent = "";
    setTimeout(() => (says.textContent = form.dataset[key] ?? ""), 30);
  };

  // A change of structure: the server gets the whole form and one word, and draws the form again. One after the other:
  // what is asked for waits for what is being saved, and the other way round.
  let line = Promise.resolve();
  const queue = (task) => (line = line.then(task, task));
  const ask = (word) => {
    clearTimeout(timer); // what is asked for saves, too
    return queue(() => window.htmx.ajax("POST", url, { source: form, target: "#composer", swap: "outerHTML", values: { do: word } }));
  };
  window.pabal.compose = ask;
  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest?.("#composer button[name=do]");
      if (!button) return;
      event.preventDefault();
      event.stopPropagation();
      ask(button.value);
    },
    true,
  );
  document.addEventListener("change", (event) => {
    const control = event.target.closest?.("#composer [data-redraw]");
    if (control) ask(control.dataset.redraw);
  });

  // Saved as one goes: when a field is left, and when one pauses
  const state = document.getElementById("save-state");
  let timer = 0;
  let dirty = false;
  const mark = (key) => {
    if (state) state.textContent = form.dataset[key] ?? "";
  };
  const save = () => {
    clearTimeout(timer);
    return queue(keep);
  };
  const keep = async () => {
    if (!dirty) return;
    dirty = false;
    mark("saidSaving");
    const body = new FormData(form);
    body.set("do", "save");
    try {
      const answer = await fetch(url, { method: "POST", body, headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      if (!dirty) mark("saidSaved");
    } catch {
      dirty = true;
      mark("saidUnsaved");
    }
  };
  form.addEventListener("input", (event) => {
    if (!event.target.closest("#composer, [data-saved]")) return;
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, 2500);
  });
  form.addEventListener("change", (event) => {
    if (event.target.closest("#composer, [data-saved]") && !event.target.matches("[data-redraw]")) save();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig?.path === url && event.detail.successful) {
      dirty = false;
      mark("saidSaved");
      form.dispatchEvent(new CustomEvent("composer:changed"));
    }
  });
  form.addEventListener("submit", () => {
    dirty = false;
    clearTimeout(timer);
  });
  window.addEventListener("pagehide", () => {
    if (!dirty) return;
    const body = new FormData(form);
    body.set("do", "save");
    navigator.sendBeacon(url, body);
  });

  // What the server found wrong stands at the field's foot; the field says so itself, too
  document.addEventListener("htmx:afterSettle", () => {
    for (const foot of form.querySelectorAll("[data-foot]")) {
      const field = document.getElementById(foot.dataset.foot);
      if (foot.querySelector(".field-error")) field?.setAttribute("aria-invalid", "true");
      else field?.removeAttribute("aria-invalid");
    }
  });

  // One panel for what can be inserted, one for emoji; both write into the field whose button opened them
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-opens]");
    if (opener) {
      const panel = document.getElementById(opener.dataset.opens);
      const place = opener.getBoundingClientRect();
      for (const item of panel.querySelectorAll("[data-insert]")) item.dataset.into = opener.dataset.for;
      panel.showPopover();
      const top = Math.min(place.bottom + 4, innerHeight - panel.offsetHeight - 8);
      panel.style.insetInlineStart = `${Math.max(8, Math.min(place.left, innerWidth - panel.offsetWidth - 8))}px`;
      panel.style.insetBlockStart = `${Math.max(8, top)}px`;
      panel.querySelector("[data-insert]")?.focus();
      return;
    }
    const item = event.target.closest?.(".inserts [data-insert]");
    if (item) item.closest("[popover]").hidePopover();
  });
  document.addEventListener("keydown", (event) => {
    const panel = event.target.closest?.(".inserts");
    const way = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!panel || !way) return;
    const items = [...panel.querySelectorAll("[data-insert]")];
    items[(items.indexOf(document.activeElement) + way + items.length) % items.length]?.focus();
    event.preventDefault();
  });

  // Reordering: drag by the handle (mouse, pen, finger), or arrow keys on it
  let dragged = null;
  const entries = (list) => [...list.children].filter((child) => child.matches("[data-entry]"));
  const place = (entry) => entries(entry.parentElement).indexOf(entry);
  const moved = (list, from, to) => {
    if (from === to) return;
    say("saidMoved");
    ask(`move:${list.dataset.entries}:${from}:${to}`);
  };
  form.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest?.("[data-handle]");
    if (!handle || event.button !== 0) return;
    const entry = handle.closest("[data-entry]");
    dragged = { entry, from: place(entry), list: entry.parentElement, handle };
    handle.setPointerCapture(event.pointerId);
    entry.classList.add("is-dragged");
    event.preventDefault();
    handle.focus();
  });
  form.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const wide = getComputedStyle(dragged.list).gridAutoFlow.startsWith("column");
    for (const other of entries(dragged.list)) {
      if (other === dragged.entry) continue;
      const box = other.getBoundingClientRect();
      const at = wide ? event.clientX : event.clientY;
      const [low, high] = wide ? [box.left, box.right] : [box.top, box.bottom];
      if (at < low || at > high) continue;
      other[at < (low + high) / 2 ? "before" : "after"](dragged.entry);
      break;
    }
  });
  const drop = () => {
    if (!dragged) return;
    const { entry, from, list } = dragged;
    entry.classList.remove("is-dragged");
    dragged = null;
    moved(list, from, place(entry));
  };
  for (const type of ["pointerup", "pointercancel"]) form.addEventListener(type, drop);
  form.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.("[data-handle]");
    const way = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!handle || !way) return;
    event.preventDefault();
    const entry = handle.closest("[data-entry]");
    const [from, list] = [place(entry), entry.parentElement];
    const to = from + way;
    if (to < 0 || to >= entries(list).length) return say("saidEdge");
    moved(list, from, to);
  });

  // A carousel's cards: one is open at a time, also after the server has drawn the form again
  form.addEventListener(
    "toggle",
    (event) => {
      const card = event.target.closest?.("[data-card]");
      if (!card?.open) return;
      document.getElementById("open-card").value = card.dataset.card;
      for (const other of form.querySelectorAll("[data-card][open]")) if (other !== card) other.open = false;
    },
    true,
  );
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("#composer input:not([type=file])")) event.preventDefault();
  });
})();
