// Rules that every page keeps, looked at in the page itself. Each returns what is wrong, in words.
export const rules = () => {
  const wrong = [];
  const visible = (e) => {
    const s = getComputedStyle(e), r = e.getBoundingClientRect();
    return s.visibility !== "hidden" && s.display !== "none" && r.width > 1 && r.height > 1 && !e.closest(".unseen");
  };
  const where = (e) => `<${e.nodeName.toLowerCase()}${e.id ? "#" + e.id : ""}${typeof e.className === "string" && e.className ? "." + e.className : ""}> ${(e.textContent || "").trim().slice(0, 40)}`;
  const named = (e) => (e.getAttribute("aria-label") || "").trim() ||
    (e.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean).map((id) => document.getElementById(id)?.textContent.trim() ?? "").join(" ").trim() ||
    [...(e.labels ?? [])].map((l) => l.textContent.trim()).join(" ");

  // Structure and landmarks.
  if (!document.documentElement.lang) wrong.push("the page has no language");
  for (const [what, n] of [["h1", 1], ["main", 1], ["body > header", 1], ["body > footer", 1]]) {
    if (document.querySelectorAll(what).length !== n) wrong.push(`${document.querySelectorAll(what).length} ${what}, not ${n}`);
  }
  let level = 0;
  for (const h of document.querySelectorAll("h1,h2,h3,h4")) {
    const now = Number(h.nodeName[1]);
    if (now > level + 1) wrong.push(`heading ${where(h)} comes after one of level ${level}`);
    level = now;
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids.filter((id, i) => ids.indexOf(id) !== i)) wrong.push(`the id ${id} stands twice`);
  for (const a of ["aria-labelledby", "aria-describedby"]) {
    for (const e of document.querySelectorAll(`[${a}]`)) {
      for (const id of e.getAttribute(a).split(/\s+/)) if (!document.getElementById(id)) wrong.push(`${where(e)}: ${a} names ${id}, which isn't there`);
    }
  }
  for (const e of document.querySelectorAll("[style], [onclick], [onload]")) wrong.push(`${where(e)} has a style or a script in it`);

  // Names of what can be used, and how large it is.
  for (const e of document.querySelectorAll("a[href], button, input:not([type=hidden]), select")) {
    if (!named(e) && !(["A", "BUTTON"].includes(e.nodeName) && e.textContent.trim())) wrong.push(`${where(e)} has no name`);
    const r = e.getBoundingClientRect();
    if (visible(e) && e.nodeName !== "A" && (r.height < 24 || r.width < 24)) wrong.push(`${where(e)} is only ${r.width} × ${r.height}`);
  }
  for (const e of document.querySelectorAll("nav[aria-label=Pages] a")) {
    if (e.getBoundingClientRect().height < 24) wrong.push(`${where(e)} is too low to be hit`);
  }
  for (const e of document.querySelectorAll("section, [role=region]")) if (!named(e)) wrong.push(`${where(e)} is a region without a name`);
  for (const t of document.querySelectorAll("table")) {
    if (!named(t) && !t.caption?.textContent.trim()) wrong.push(`${where(t)} is a table without a name`);
    for (const th of t.querySelectorAll("th")) if (!["col", "row"].includes(th.scope)) wrong.push(`${where(th)} has no scope`);
    for (const row of t.tBodies[0]?.rows ?? []) if (row.cells.length !== t.tHead.rows[0].cells.length) wrong.push(`${where(row)} has cells without a header`);
  }
  for (const s of document.querySelectorAll("svg")) {
    if (s.getAttribute("aria-hidden") === "true") continue;
    if (s.getAttribute("role") !== "img" || !s.querySelector("title")?.textContent.trim() || !s.querySelector("desc")?.textContent.trim()) wrong.push(`${s.id || "a chart"} has no title, text or role`);
  }
  for (const e of document.querySelectorAll(".scroll")) if (e.tabIndex !== 0) wrong.push(`${where(e)} can't be scrolled by keyboard`);
  for (const e of document.querySelectorAll(".state")) if (e.textContent.replace(/[^a-z]/gi, "") === "") wrong.push(`${where(e)} says its state by a sign alone`);

  // Contrast, as WCAG 2.2 computes it.
  const rgb = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => {
    const f = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  };
  const contrast = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((m, n) => n - m);
    return (x + 0.05) / (y + 0.05);
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = texts.nextNode());) {
    const e = n.parentElement;
    if (!n.nodeValue.trim() || e.closest("svg, option, datalist") || !visible(e)) continue;
    const s = getComputedStyle(e), size = parseFloat(s.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(s.fontWeight) >= 700) || e.getAttribute("aria-hidden") === "true" ? 3 : 4.5;
    const got = contrast(rgb(s.color), ground(e));
    if (got < least) wrong.push(`${where(e)} has a contrast of ${got.toFixed(2)}, less than ${least}`);
  }
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, button")) {
    if (visible(e) && contrast(rgb(getComputedStyle(e).borderTopColor), ground(e.parentElement)) < 3) wrong.push(`${where(e)} has a border that can't be seen`);
  }
  for (const e of document.querySelectorAll("pattern rect")) { // charts, against what they stand on
    const name = e.getAttribute("class");
    if (name === "c-pending") continue; // it is what nothing has come of yet, and the bar ends where it ends
    if (contrast(rgb(getComputedStyle(e).fill), rgb(getComputedStyle(document.body).backgroundColor)) < 3) wrong.push(`the colour of ${name} can't be seen`);
  }

  // Room.
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`the page is ${document.documentElement.scrollWidth} wide, and the window ${innerWidth}`);
  for (const e of document.querySelectorAll("h1, h2, h3, p, dd, dt, li, figcaption, button")) {
    const r = e.getBoundingClientRect();
    if (visible(e) && !e.closest(".scroll") && r.right > innerWidth + 1) wrong.push(`${where(e)} reaches beyond the window`);
  }
  return wrong;
};
