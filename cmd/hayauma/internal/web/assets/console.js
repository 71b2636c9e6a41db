"use strict";
// Follows the page's stream and puts what is new over what is shown. Without it the page is complete as it was loaded.
(() => {
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const at = document.getElementById("at"), how = document.getElementById("how"), say = document.getElementById("say"), pause = document.getElementById("pause");
  let said = live.dataset.say, source = null;

  // over makes one element like another and keeps what is alike, so that focus, selection and scrolling stay.
  const over = (old, now) => {
    for (const a of [...old.attributes]) if (!now.hasAttribute(a.name)) old.removeAttribute(a.name);
    for (const a of now.attributes) if (old.getAttribute(a.name) !== a.value) old.setAttribute(a.name, a.value);
    within(old, now);
  };
  const within = (old, now) => {
    const fresh = [...now.childNodes];
    fresh.forEach((n, i) => {
      const o = old.childNodes[i];
      if (!o) old.append(document.importNode(n, true));
      else if (o.nodeType !== n.nodeType || o.nodeName !== n.nodeName || o.id !== n.id) o.replaceWith(document.importNode(n, true));
      else if (n.nodeType === Node.ELEMENT_NODE) over(o, n);
      else if (o.nodeValue !== n.nodeValue) o.nodeValue = n.nodeValue;
    });
    while (old.childNodes.length > fresh.length) old.lastChild.remove();
  };

  const state = (text) => { how.textContent = text; };
  const speak = (text) => { say.textContent = text; };

  const follow = () => {
    source = new EventSource("/live" + location.pathname + location.search);
    source.addEventListener("live", (e) => {
      const c = JSON.parse(e.data);
      if (c.trouble) {
        state(", not live: " + c.trouble);
        return;
      }
      within(live, new DOMParser().parseFromString(c.html, "text/html").body);
      at.textContent = c.at;
      at.removeAttribute("datetime");
      state(", live");
      if (c.say !== said) speak(said = c.say);
    });
    source.onerror = () => {
      state(source.readyState === EventSource.CLOSED ? ", not live any more: load the page again" : ", not live: no answer, asking again");
    };
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    const paused = source !== null;
    if (paused) {
      source.close();
      source = null;
      state(", paused");
    } else {
      follow();
    }
    pause.setAttribute("aria-pressed", String(paused));
    speak(paused ? "Updates are paused" : "Updates go on");
  });
  addEventListener("pagehide", () => source && source.close());
  addEventListener("pageshow", (e) => { if (e.persisted && source) follow(); });
  follow();
})();
