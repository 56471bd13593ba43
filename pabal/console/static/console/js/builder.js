// The segment builder. The page is the truth: what stands in it is read as one JSON tree, posted as `tree`.
//   data-object            a part of the tree: a group, a condition, a filter, a step, a value
//   data-list="where"      a list of such parts inside one
//   data-f="operator"      a value of the nearest part
(() => {
  "use strict";
  const form = document.getElementById("builder");
  if (!form) return;
  const root = form.querySelector("[data-root]");
  const says = document.getElementById("builder-said");
  const owner = (el) => el.parentElement.closest("[data-object]");
  const items = (list) => [...list.children].map((child) => (child.matches("[data-object]") ? child : child.querySelector("[data-object]"))).filter(Boolean);
  const say = (key) => {
    says.textContent = "";
    setTimeout(() => (says.textContent = form.dataset[key] ?? ""), 30);
  };

  const read = (object) => {
    const found = {};
    for (const el of object.querySelectorAll("[data-f]")) if (owner(el) === object) found[el.dataset.f] = el.value;
    for (const el of object.querySelectorAll("[data-list]")) if (owner(el) === object) found[el.dataset.list] = items(el).map(read);
    return found;
  };

  // Every change gives the tree a new turn: an answer to an older turn is not shown.
  let turn = 1; // 0 is for pages that build nothing
  const changed = () => {
    turn += 1;
    form.dispatchEvent(new CustomEvent("builder:changed"));
  };
  const restructured = (word) => {
    for (const box of [root, ...root.querySelectorAll("[data-match]")]) {
      const joiner = box.querySelector(":scope > .conds-head [data-f='match']")?.selectedOptions[0]?.dataset.joiner ?? "";
      for (const mark of box.querySelectorAll(":scope > [data-list] > li > .joiner")) mark.textContent = joiner;
    }
    form.dispatchEvent(new Event("input", { bubbles: true })); // for the guard against leaving
    if (word) say(word);
    changed();
  };
  form.addEventListener("input", (event) => {
    if (!root.contains(event.target)) return;
    event.target.removeAttribute("aria-invalid");
    changed();
  });
  form.addEventListener("submit", () => (form.elements.tree.value = JSON.stringify(read(root))));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-root] input")) event.preventDefault(); // a sentence is no command
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.elt.closest("[data-answer]")) return;
    event.detail.headers.Turn = String(turn);
    if (event.detail.verb === "post") event.detail.parameters.tree = JSON.stringify(read(root));
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const of = event.detail.xhr.getResponseHeader("Turn");
    if (of !== null && Number(of) !== turn) event.detail.shouldSwap = false;
  });

  // Counts per condition come with the answer, by the place of the condition in the tree.
  const place = (path) => {
    let object = root;
    for (const step of path === "" ? [] : path.split(".")) {
      const list = [...object.querySelectorAll("[data-list='conditions']")].find((l) => owner(l) === object);
      object = list && items(list)[Number(step)];
      if (!object) return null;
    }
    return object;
  };
  document.addEventListener("htmx:afterSwap", (event) => {
    const marks = event.target.querySelectorAll?.("[data-count-of]") ?? [];
    if (!marks.length) return;
    for (const old of root.querySelectorAll("[data-count]")) old.replaceChildren();
    for (const mark of marks) {
      const target = place(mark.dataset.countOf)?.querySelector("[data-count]");
      if (target && owner(target) === place(mark.dataset.countOf)) target.replaceChildren(...mark.cloneNode(true).childNodes);
    }
  });

  // Parts that the server draws: a new condition, a changed one, a copy
  const draw = async (node, depth) => {
    const body = new FormData();
    body.set("node", JSON.stringify(node));
    body.set("depth", String(depth));
    const answer = await fetch(form.dataset.part, {
      method: "POST", body, headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value, "HX-Request": "true" },
    });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    return holder.content.firstElementChild;
  };
  const trouble = () => window.pabal.toast(window.pabal.say("sayOffline"), "error");
  const depth = (el) => {
    let n = 0;
    for (let up = el.closest("[data-match]"); up; up = up.parentElement.closest("[data-match]")) n += 1;
    return n;
  };
  const nodeOf = (el) => el.closest("li[data-node]");
  const objectOf = (li) => li.querySelector("[data-object]");
  const insert = async (list, node, before) => {
    try {
      const li = await draw(node, depth(list));
      list.insertBefore(li, before ?? null);
      restructured("saidAdded");
      const open = [...li.querySelectorAll("[data-f]:not([type=hidden])")];
      (open.find((el) => !el.value) ?? open[0])?.focus();
    } catch {
      trouble();
    }
  };
  const redraw = async (li, wanted) => {
    const object = objectOf(li);
    const sent = JSON.stringify(read(object));
    try {
      const fresh = await draw(JSON.parse(sent), depth(li.parentElement));
      if (!li.isConnected) return;
      if (JSON.stringify(read(object)) !== sent) return redraw(li, wanted); // typed on meanwhile
      const counts = objectOf(fresh).querySelector(":scope > .cond-foot [data-count]");
      counts?.replaceChildren(...(object.querySelector(":scope > .cond-foot [data-count]")?.childNodes ?? []));
      const active = li.contains(document.activeElement) ? document.activeElement : null;
      const here = wanted ?? (active?.dataset.f ? mark(li, active) : null);
      li.replaceWith(fresh);
      restructured();
      if (here && (wanted || active)) refocus(fresh, here);
    } catch {
      trouble();
    }
  };
  // Which control of a condition: the how-manieth of its name
  const mark = (li, el) => ({ f: el.dataset.f, index: [...li.querySelectorAll(`[data-f="${el.dataset.f}"]:not([type=hidden])`)].indexOf(el) });
  // Back to where one was; from a name that was just chosen, on to the next thing to fill in
  const refocus = (li, { f, index }) => {
    const all = [...li.querySelectorAll(`[data-f="${f}"]:not([type=hidden])`)];
    const open = [...li.querySelectorAll("[data-f]:not([type=hidden])")];
    const target = all[index] ?? all[all.length - 1] ?? open[0];
    const next = target?.value && target.matches("[data-suggest][data-shape]") && open.slice(open.indexOf(target) + 1).find((el) => !el.value);
    if (next) next.focus();
    else if (target?.value) window.pabal.focusQuietly(target);
    else target?.focus();
  };
  form.addEventListener("change", (event) => {
    const el = event.target;
    if (el.matches("[data-f='match']")) return restructured();
    if (el.matches("[data-shape]") && nodeOf(el)) redraw(nodeOf(el));
  });

  const blank = (list) => ({ where: { name: "" }, steps: { name: "", where: [] }, values: { value: "" } })[list];
  const acts = {
    add: (button) => {
      const menu = button.closest("[data-menu]");
      if (menu) menu.open = false;
      insert(document.getElementById(button.dataset.into), JSON.parse(button.dataset.add));
    },
    copy: (button) => {
      const li = nodeOf(button);
      insert(li.parentElement, read(objectOf(li)), li.nextElementSibling);
    },
    remove: (button) => {
      const li = nodeOf(button);
      const next = li.nextElementSibling ?? li.previousElementSibling;
      const target = next?.querySelector("[data-act='remove']") ?? li.parentElement.closest("[data-match]")?.querySelector(":scope > .conds-add summary");
      li.remove();
      restructured("saidRemoved");
      target?.focus();
    },
    up: (button) => step(button, -1),
    down: (button) => step(button, 1),
    // one more value, filter or step of a condition: added to what is there and drawn anew
    more: (button) => {
      const li = nodeOf(button);
      const list = button.dataset.more;
      const object = button.closest("[data-object]");
      const holder = [...object.querySelectorAll(`[data-list="${list}"]`)].find((l) => owner(l) === object);
      const ghost = document.createElement("span");
      ghost.dataset.object = "";
      ghost.hidden = true;
      for (const [f, value] of Object.entries(blank(list))) {
        const part = document.createElement(Array.isArray(value) ? "span" : "input");
        if (Array.isArray(value)) part.dataset.list = f;
        else Object.assign(part, { value }).dataset.f = f;
        ghost.append(part);
      }
      holder.append(ghost);
      redraw(li, mark(li, ghost.querySelector("[data-f]")));
    },
    less: (button) => {
      const li = nodeOf(button);
      const object = button.closest("[data-object]");
      const beside = [...object.parentElement.querySelectorAll("[data-f]")].find((el) => !object.contains(el));
      const here = beside ? mark(li, beside) : { f: "name", index: 0 };
      object.remove();
      redraw(li, here);
    },
  };
  // Up and down walk through the tree as it is read: into a group that is next, out of one at its edge
  const step = (button, way) => {
    const li = nodeOf(button);
    const list = li.parentElement;
    const next = way < 0 ? li.previousElementSibling : li.nextElementSibling;
    const inner = next?.querySelector(":scope > [data-match] > [data-list]");
    const outer = list.closest("li[data-node]");
    if (inner && !li.querySelector(":scope > [data-match]")) way < 0 ? inner.append(li) : inner.prepend(li);
    else if (next) way < 0 ? next.before(li) : next.after(li);
    else if (outer) way < 0 ? outer.before(li) : outer.after(li);
    else return say("saidEdge");
    li.querySelector(`:scope > * > .cond-foot [data-act="${button.dataset.act}"], :scope > * > .conds-head [data-act="${button.dataset.act}"]`)?.focus();
    restructured("saidMoved");
  };
  form.addEventListener("click", (event) => {
    if (event.target.closest("[data-again]")) return changed();
    const button = event.target.closest("[data-act]");
    if (button) acts[button.dataset.act]?.(button);
  });
  // Dragging by the handle, for a mouse
  let dragged = null;
  form.addEventListener("dragstart", (event) => {
    const handle = event.target.closest?.("[data-drag]");
    if (!handle) return;
    dragged = nodeOf(handle);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    event.dataTransfer.setDragImage(dragged, 12, 12);
    dragged.classList.add("is-dragged");
  });
  form.addEventListener("dragover", (event) => {
    if (!dragged) return;
    const over = event.target.closest?.("li[data-node]");
    const list = event.target.closest?.("[data-list='conditions']");
    if (!list || dragged.contains(event.target)) return;
    event.preventDefault();
    if (over && over !== dragged && over.parentElement === list) {
      const box = over.getBoundingClientRect();
      over[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
    } else if (!list.children.length) list.append(dragged);
  });
  form.addEventListener("drop", (event) => dragged && event.preventDefault());
  form.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("is-dragged");
    dragged = null;
    restructured("saidMoved");
  });

  document.addEventListener("DOMContentLoaded", () => root.querySelector("[aria-invalid='true']")?.focus());
  window.pabal.builder = { read: () => read(root), changed };
})();
