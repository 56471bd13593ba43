// The frame: theme, menus, dialogs, toasts. Everything is delegated, so what htmx swaps in works at once.
(() => {
  "use strict";
  const html = document.documentElement;
  const say = (key) => document.body.dataset[key] || "";
  const on = (type, selector, run) =>
    document.addEventListener(type, (event) => {
      const target = event.target instanceof Element && event.target.closest(selector);
      if (target) run(event, target);
    });

  // Theme: kept in a cookie so that the server draws the page right the first time
  on("click", "[data-theme-choice]", (event, button) => {
    const theme = button.dataset.themeChoice;
    document.cookie = `theme=${theme}; path=/; max-age=${theme ? 31536000 : 0}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    if (theme) html.dataset.theme = theme;
    else delete html.dataset.theme;
    for (const other of document.querySelectorAll("[data-theme-choice]")) {
      other.setAttribute("aria-pressed", String(other.dataset.themeChoice === theme));
    }
    const menu = button.closest("[data-menu]");
    const shown = menu.querySelector("summary .icon");
    shown.replaceWith(button.querySelector(".icon").cloneNode(true));
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // Menus close on a click elsewhere and on Escape; arrows walk through the items
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("[data-menu][open]")) {
      if (!menu.contains(event.target) || event.target.closest("[data-menu-close]")) menu.open = false;
    }
  });
  document.addEventListener("focusout", (event) => {
    const menu = event.target.closest?.("[data-menu][open]");
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  on("keydown", "[data-menu][open]", (event, menu) => {
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.stopPropagation();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const items = [...menu.querySelectorAll(".menu-item")];
    const next = items.indexOf(document.activeElement) + step;
    items[(next + items.length) % items.length]?.focus();
    event.preventDefault();
  });

  // Dialogs: data-dialog="ID" opens, data-close closes, so does a click beside it; data-dialog-open opens at once
  on("click", "[data-dialog]", (event, button) => {
    document.getElementById(button.dataset.dialog)?.showModal();
    event.preventDefault();
  });
  on("click", "dialog [data-close]", (event, button) => button.closest("dialog").close());
  document.addEventListener("mousedown", (event) => {
    if (!(event.target instanceof HTMLDialogElement)) return;
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  });

  // data-confirm="12345": the form can be sent only once that number is typed
  const digits = (text) => text.replace(/[\s,.]/g, "");
  const guard = (form) => {
    const input = form.querySelector("input[inputmode='numeric']");
    const button = form.querySelector("button[type='submit']");
    if (input && button) button.disabled = digits(input.value) !== digits(form.dataset.confirm);
  };
  on("input", "form[data-confirm]", (event, form) => guard(form));

  // Toasts: from the server's messages, from an HX-Trigger `toast` event, or from toast(text, level)
  const shelf = () => document.getElementById("toasts");
  const leave = (toast, after) => {
    let timer = setTimeout(() => toast.remove(), after);
    toast.addEventListener("mouseenter", () => clearTimeout(timer));
    toast.addEventListener("focusin", () => clearTimeout(timer));
    toast.addEventListener("mouseleave", () => (timer = setTimeout(() => toast.remove(), 3000)));
  };
  const raise = () => {
    const box = shelf();
    if (!box.showPopover) return;
    if (box.matches(":popover-open")) box.hidePopover();
    box.showPopover(); // into the top layer, above an open dialog
  };
  const toast = (text, level = "info") => {
    const box = document.createElement("div");
    box.className = `toast toast--${level}`;
    box.setAttribute("role", level === "error" ? "alert" : "status");
    const words = document.createElement("div");
    words.className = "toast-text";
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "button button--ghost button--icon button--small";
    close.dataset.toastClose = "";
    close.setAttribute("aria-label", say("sayClose"));
    close.textContent = "×";
    const icons = document.getElementById("toast-icons")?.content.children ?? [];
    const icon = icons[["success", "warning", "error"].indexOf(level)] ?? icons[icons.length - 1];
    box.append(...(icon ? [icon.cloneNode(true)] : []), words, close);
    raise();
    shelf().append(box);
    leave(box, level === "error" ? 12000 : 6000);
  };
  window.pabal = { toast, say };
  on("click", "[data-toast-close]", (event, button) => button.closest(".toast").remove());
  document.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value, event.detail.level));
  document.addEventListener("htmx:responseError", (event) => {
    const said = (event.detail.xhr.getResponseHeader("HX-Trigger") || "").includes('"toast"');
    if (event.detail.xhr.status !== 422 && !said) toast(say("sayError"), "error");
  });
  for (const type of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(type, (event) => {
      // Polling retries by itself; only what a person did is worth a word
      if (event.detail.requestConfig?.triggeringEvent?.type) toast(say("sayOffline"), "error");
    });
  }

  const settle = (root) => {
    for (const dialog of root.querySelectorAll("dialog[data-dialog-open]")) if (!dialog.open) dialog.showModal();
    for (const form of root.querySelectorAll("form[data-confirm]")) guard(form);
    root.querySelector("[data-focus]")?.focus();
  };
  document.addEventListener("DOMContentLoaded", () => {
    settle(document);
    if (shelf().children.length) raise();
    for (const box of shelf().children) leave(box, box.classList.contains("toast--error") ? 15000 : 7000);
    const here = document.querySelector(".tab[aria-current]");
    here?.parentElement.scrollTo({ left: here.offsetLeft - 16 });
  });
  document.addEventListener("htmx:load", (event) => settle(event.detail.elt));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const search = document.querySelector("main input[type='search']");
    if (search) {
      search.focus();
      event.preventDefault();
    }
  });
})();
