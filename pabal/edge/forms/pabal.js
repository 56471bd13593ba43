/* Pabal: events and sign-up forms. <script async src="https://EDGE/v1/pabal.js" data-key="web_…"></script> */
(function (window, document) {
  "use strict";
  var script = document.currentScript || document.querySelector('script[src*="/v1/pabal.js"]');
  var early = window.pabal || [];
  if (!script || early.loaded) return;
  var base = script.src.replace(/\/v1\/pabal\.js.*$/, "");
  var key = script.getAttribute("data-key") || "";
  var MOST = 200, BATCH = 20, memory = {};

  // Kept in localStorage; in a cookie, or for this page only, where that is forbidden
  function read(name) {
    try {
      var kept = localStorage.getItem("pabal." + name);
      if (kept !== null) return kept;
    } catch (error) { /* forbidden */ }
    var found = document.cookie.match(new RegExp("(?:^|; )pabal_" + name + "=([^;]*)"));
    return found ? decodeURIComponent(found[1]) : memory[name] || "";
  }
  function write(name, value, large) {
    memory[name] = value;
    try {
      if (value) localStorage.setItem("pabal." + name, value);
      else localStorage.removeItem("pabal." + name);
      return;
    } catch (error) { /* forbidden, or full */ }
    if (!large) document.cookie = "pabal_" + name + "=" + encodeURIComponent(value) + "; path=/; max-age=" + (value ? 31536000 : 0) + "; SameSite=Lax" + (location.protocol === "https:" ? "; Secure" : "");
  }
  function id() {
    if (window.crypto && crypto.randomUUID) return crypto.randomUUID();
    var hex = "";
    if (window.crypto && crypto.getRandomValues) crypto.getRandomValues(new Uint8Array(16)).forEach(function (byte) { hex += ("0" + byte.toString(16)).slice(-2); });
    return hex || "x" + Date.now().toString(36) + Math.random().toString(36).slice(2);
  }
  function anonymous() {
    var known = read("anonymous");
    if (!known) write("anonymous", known = id());
    return known;
  }

  // Events wait here until the edge has said that it has them; what is sent twice has the same messageId and counts once
  var timer = 0, tries = 0, sending = false, left = false;
  function without(all, some) {
    var ids = some.map(function (one) { return one.messageId; });
    return all.filter(function (one) { return ids.indexOf(one.messageId) < 0; });
  }
  function stored() { try { return JSON.parse(read("waiting") || "[]"); } catch (error) { return []; } }
  function store(all) { write("waiting", all.length ? JSON.stringify(all.slice(-MOST)) : "", true); }
  var waiting = stored(); // what the last page could not send
  store([]);
  function body(batch) { return JSON.stringify({ writeKey: key, sentAt: new Date().toISOString(), batch: batch }); }
  function later(milliseconds) { clearTimeout(timer); timer = setTimeout(flush, milliseconds); }
  function flush() {
    if (sending || !waiting.length || !key) return;
    var batch = waiting.slice(0, BATCH);
    sending = true;
    // Plain text: a request that a browser sends to another site without asking first
    fetch(base + "/v1/batch", { method: "POST", body: body(batch), headers: { "content-type": "text/plain" }, keepalive: true, credentials: "omit" }).then(function (response) {
      sending = false;
      if (response.status === 429 || response.status >= 500) return again(Number(response.headers.get("retry-after")) * 1000);
      tries = 0; // taken, or refused for good
      waiting = without(waiting, batch);
      if (left) store(without(stored(), batch));
      if (waiting.length) later(0);
    }, function () { sending = false; again(0); });
  }
  function again(least) {
    tries += 1;
    later(Math.max(least || 0, Math.min(60000, 1000 * Math.pow(2, tries - 1)) * (0.5 + Math.random() / 2)));
  }
  function leave() { // what was not answered yet goes at once, and is kept for the next page: a beacon has no answer
    if (!waiting.length || !key) return;
    left = true;
    store(without(stored(), waiting).concat(waiting));
    if (navigator.sendBeacon) navigator.sendBeacon(base + "/v1/batch", new Blob([body(waiting.slice(0, BATCH))], { type: "text/plain" }));
  }
  function put(message) {
    if (!key) return;
    message.messageId = id();
    message.anonymousId = anonymous();
    var user = read("user");
    if (user && !message.userId) message.userId = user;
    message.timestamp = new Date().toISOString();
    message.context = { library: { name: "pabal.js", version: "1" }, locale: navigator.language, page: { url: location.href, path: location.pathname, title: document.title, referrer: document.referrer } };
    waiting.push(message);
    if (waiting.length > MOST) waiting.shift();
    later(waiting.length >= BATCH ? 0 : 200);
  }

  var api = {
    loaded: true,
    track: function (event, properties) { put({ type: "track", event: String(event), properties: properties || {} }); },
    page: function (name, properties) {
      var told = { url: location.href, path: location.pathname, title: document.title, referrer: document.referrer };
      for (var field in properties || {}) told[field] = properties[field];
      put({ type: "page", name: name || undefined, properties: told });
    },
    identify: function (user, traits) {
      if (user && typeof user === "object") { traits = user; user = ""; }
      if (user) write("user", String(user));
      put({ type: "identify", traits: traits || {} });
    },
    reset: function () { write("user", ""); write("anonymous", ""); },
    flush: flush,
    form: attach,
    push: function (call) { var name = call[0]; if (typeof api[name] === "function") api[name].apply(api, [].slice.call(call, 1)); }
  };

  // Sign-up forms: <div data-pabal-form="key"> gets one; <form data-pabal-form="key"> of the shop is sent to us
  function style(css) {
    if (document.querySelector("[data-pabal-style]")) return;
    var mark = document.createElement("meta");
    mark.setAttribute("data-pabal-style", "");
    document.head.appendChild(mark);
    try { // allowed where a content security policy forbids <style>
      var sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      document.adoptedStyleSheets = [].concat([].slice.call(document.adoptedStyleSheets), sheet);
    } catch (error) {
      var tag = document.createElement("style");
      tag.textContent = css;
      document.head.appendChild(tag);
    }
  }
  function load(name) { return fetch(base + "/v1/forms/" + encodeURIComponent(name), { credentials: "omit" }).then(function (response) { return response.ok ? response.json() : Promise.reject(response.status); }); }
  function attach(element, name) {
    if (typeof element === "string") element = document.querySelector(element);
    name = name || (element && element.getAttribute("data-pabal-form"));
    if (!element || !name || element.pabalForm) return;
    element.pabalForm = true;
    load(name).then(function (told) {
      if (element.tagName === "FORM") {
        fill(element, "[data-pabal-wording]", told.wording);
        fill(element, "[data-pabal-night]", told.night);
        return watch(element, name, element);
      }
      style(told.css);
      element.innerHTML = told.html;
      watch(element.querySelector("form"), name, element);
    }).catch(function (reason) { // the shop's own form still works as plain HTML
      element.pabalForm = false;
      if (window.console) console.warn("pabal: the form “" + name + "” could not be loaded", reason);
    });
  }
  function fill(form, place, words) {
    [].forEach.call(form.querySelectorAll(place), function (element) { element.textContent = words; });
  }
  function say(form, field, words) {
    var place = form.querySelector('[data-pf-error="' + field + '"]') || form.querySelector('[data-pf-error=""]');
    if (!place) {
      place = document.createElement("div");
      place.setAttribute("data-pf-error", "");
      place.setAttribute("role", "alert");
      form.insertBefore(place, form.querySelector("[type=submit]"));
    }
    place.textContent = words;
    var control = field && form.querySelector('[name="' + field + '"]');
    if (control) { control.setAttribute("aria-invalid", "true"); control.focus(); }
  }
  function watch(form, name, whole) {
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var button = form.querySelector("[type=submit]"), told = { page: location.href, anonymous_id: anonymous() };
      new FormData(form).forEach(function (value, field) { if (field !== "page" && typeof value === "string") told[field] = value; });
      [].forEach.call(form.querySelectorAll("[data-pf-error]"), function (place) { place.textContent = ""; });
      [].forEach.call(form.querySelectorAll("[aria-invalid]"), function (control) { control.removeAttribute("aria-invalid"); });
      if (button) button.disabled = true;
      fetch(base + "/v1/forms/" + encodeURIComponent(name), { method: "POST", body: JSON.stringify(told), headers: { "content-type": "text/plain" }, credentials: "omit" }).then(function (response) {
        return response.json().then(function (answer) {
          if (button) button.disabled = false;
          if (!response.ok) return say(form, answer.error.field || "", answer.error.message || answer.error.code);
          var detail = { form: name, state: answer.state };
          whole.dispatchEvent(new CustomEvent("pabal:signup", { bubbles: true, detail: detail }));
          if (answer.redirect) return location.assign(answer.redirect);
          var thanks = document.createElement("div");
          thanks.className = "pabal-form pf-auto";
          thanks.innerHTML = '<div class="pf-done" role="status" tabindex="-1"></div>';
          thanks.firstChild.textContent = answer.message;
          form.parentNode.replaceChild(thanks, form);
          thanks.firstChild.focus();
        });
      }).catch(function () {
        if (button) button.disabled = false;
        say(form, "", /^ko/.test(form.lang || document.documentElement.lang) ? "연결할 수 없습니다. 잠시 후 다시 시도해 주세요." : "No connection. Please try again in a moment.");
      });
    });
  }
  function scan() { [].forEach.call(document.querySelectorAll("[data-pabal-form]"), function (element) { attach(element); }); }

  window.pabal = api;
  document.addEventListener("visibilitychange", function () { if (document.visibilityState === "hidden") leave(); });
  window.addEventListener("pagehide", leave);
  window.addEventListener("online", flush);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", scan);
  else scan();
  if (key && script.getAttribute("data-page") !== "off") api.page();
  [].forEach.call(early, api.push);
  if (waiting.length) later(0);
})(window, document);
