// What changes by itself: relative times, chart tooltips, the phone's newest message.
(() => {
  "use strict";
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
  const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const tick = () => {
    for (const time of document.querySelectorAll("time[data-relative]")) {
      const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
      if (Math.abs(seconds) >= 604800 || Number.isNaN(seconds)) continue;
      const [unit, length] = UNITS.find(([, least]) => Math.abs(seconds) >= least) ?? UNITS[3];
      const text = Math.abs(seconds) < 10 ? window.pabal.say("sayNow") : relative.format(Math.trunc(seconds / length), unit);
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(tick, 10000);

  // Tooltips of charts: the words of <title> at once and in our own type
  let tip;
  const hide = () => {
    if (tip) tip.hidden = true;
  };
  document.addEventListener("pointermove", (event) => {
    const mark = event.target instanceof Element && event.target.closest("[data-tip]");
    if (!mark) return hide();
    mark.querySelector("title")?.remove();
    if (!tip) {
      tip = Object.assign(document.createElement("div"), { className: "chart-tip" });
      tip.setAttribute("aria-hidden", "true");
      document.body.append(tip);
    }
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
    const left = event.clientX + 14 + tip.offsetWidth > innerWidth ? event.clientX - tip.offsetWidth - 14 : event.clientX + 14;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, Math.min(event.clientY - 12, innerHeight - tip.offsetHeight - 8))}px`;
  });
  document.addEventListener("scroll", hide, { passive: true, capture: true });

  const settle = (root) => {
    for (const thread of root.querySelectorAll?.("[data-thread]") ?? []) thread.scrollTop = thread.scrollHeight;
    if (root.matches?.("[data-thread]")) root.scrollTop = root.scrollHeight;
  };
  document.addEventListener("DOMContentLoaded", () => {
    settle(document);
    tick();
  });
  document.addEventListener("htmx:load", (event) => {
    settle(event.detail.elt);
    tick();
  });
})();
