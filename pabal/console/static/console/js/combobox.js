// A text field with suggestions from the server (WAI-ARIA combobox with a list): <input role="combobox" data-suggest="/address?of=event">.
// `data-suggest-with="name"` sends the value of that sibling control along. Anything may be typed; the list only helps.
(() => {
  "use strict";
  const box = document.createElement("div");
  box.className = "suggestions";
  box.id = "suggestions";
  box.setAttribute("role", "listbox");
  box.hidden = true;
  let field = null;
  let asked = 0;
  const known = new Map();

  const close = () => {
    box.hidden = true;
    field?.setAttribute("aria-expanded", "false");
    field?.removeAttribute("aria-activedescendant");
    field = null;
    asked += 1;
  };
  const put = () => {
    const at = field.getBoundingClientRect();
    box.style.minWidth = `${Math.max(at.width, 220)}px`;
    box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.offsetWidth - 8))}px`;
    const below = innerHeight - at.bottom;
    box.style.top = below < 220 && at.top > below ? `${at.top - box.offsetHeight - 4}px` : `${at.bottom + 4}px`;
  };
  const address = (input, typed) => {
    const url = new URL(input.dataset.suggest, location.href);
    if (typed) url.searchParams.set("q", typed);
    return url.pathname + url.search;
  };
  const load = async (url) => {
    if (!known.has(url)) {
      const answer = await fetch(url, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return "";
      known.set(url, await answer.text());
      setTimeout(() => known.delete(url), 60000);
    }
    return known.get(url);
  };
  const open = async (input, typed) => {
    const mine = ++asked;
    let html = "";
    try {
      html = await load(address(input, typed));
    } catch {
      return; // suggestions are a help, not a need
    }
    if (mine !== asked || document.activeElement !== input) return;
    box.innerHTML = html;
    const options = [...box.querySelectorAll("[role=option]")];
    if (!options.length || (options.length === 1 && options[0].dataset.value === input.value)) return close();
    field = input;
    options.forEach((option, index) => (option.id = `suggestion-${index}`));
    if (!box.isConnected) (document.getElementById("main") ?? document.body).append(box);
    box.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-controls", box.id);
    put();
  };
  const choose = (option) => {
    const input = field;
    input.value = option.dataset.value;
    close();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
    window.pabal.focusQuietly(input);
  };
  let quiet = false;
  window.pabal.focusQuietly = (input) => {
    quiet = true; // the focus alone should not open the list again
    input.focus();
    quiet = false;
  };
  let timer = 0;
  const later = (input, typed, after) => {
    clearTimeout(timer);
    timer = setTimeout(() => open(input, typed), after);
  };
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-suggest]")) {
      if (!quiet) later(event.target, "", 0);
    } else if (field && !box.contains(event.target)) close();
  });
  document.addEventListener("focusout", (event) => {
    if (event.target === field && !box.contains(event.relatedTarget)) close();
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-suggest]") && event.isTrusted) later(event.target, event.target.value.trim(), 120);
  });
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("[data-suggest]") || event.isComposing) return;
    if (event.key === "ArrowDown" && !field) {
      later(event.target, "", 0);
      event.preventDefault();
      return;
    }
    if (!field) return;
    const options = [...box.querySelectorAll("[role=option]")];
    const now = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (way) {
      const next = options[(now + way + options.length + (now < 0 && way < 0 ? 1 : 0)) % options.length];
      options.forEach((option) => option.setAttribute("aria-selected", String(option === next)));
      field.setAttribute("aria-activedescendant", next.id);
      next.scrollIntoView({ block: "nearest" });
      event.preventDefault();
    } else if (event.key === "Enter" && now >= 0) {
      choose(options[now]);
      event.preventDefault();
    } else if (event.key === "Escape") {
      close();
      event.stopPropagation();
    }
  });
  box.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
  box.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
  addEventListener("scroll", () => field && put(), { passive: true, capture: true });
  addEventListener("resize", () => field && put());
})();
