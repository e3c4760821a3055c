// Building elements. Text goes in as text nodes only: nothing a player typed is ever parsed as markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

export function s(tag, properties, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/** A picture beside words that say the same: hidden from screen readers. */
export function picture(viewBox, className, ...children) {
  return s("svg", { viewBox, class: className, "aria-hidden": "true", focusable: "false" }, ...children);
}

/** Sets text only when it changed, so that live regions speak once. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The same box for everything that went wrong: what, and what to do. */
export function trouble(error, retry, label = "Try again") {
  return h("div", { class: "notice notice-bad", role: "alert" },
    h("p", {}, error.message || "Something went wrong."),
    error.instance && h("p", { class: "fine" }, `Request ${error.instance}`),
    retry && h("button", { type: "button", class: "button", onclick: retry }, label));
}

export function skeleton(lines) {
  return h("div", { class: "skeleton", role: "status", "aria-label": "Loading" },
    Array.from({ length: lines }, () => h("span", {})));
}
