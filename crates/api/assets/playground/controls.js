// Controls that several screens share: buttons that wait, a menu, questions, lists whose rows stay the same elements.
import { h } from "./dom.js";

/**
 * A button that does nothing more while what it does is under way; `fail` is told what went wrong. It isn't `disabled`,
 * which would let go of the focus.
 */
export function action(label, act, fail, { kind = "button", ...properties } = {}) {
  const button = h("button", { type: "button", class: kind, ...properties, onclick: async () => {
    if (button.hasAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", "true");
    fail(null);
    try {
      await act();
    } catch (error) {
      fail(error);
    }
    button.removeAttribute("aria-disabled");
  } }, label);
  return button;
}

/** A line for what went wrong, and the function that fills or empties it. */
export function complaint() {
  const element = h("p", { class: "field-error", role: "alert" });
  return { element, fail: (error) => element.replaceChildren(error?.message ?? "") };
}

/** A few things that are not done every day, behind one button. */
export function menu(label, choices) {
  const list = h("div", { class: "menu-list" }, choices.map(([words, act, bad]) =>
    h("button", { type: "button", class: bad ? "menu-item menu-bad" : "menu-item", onclick: () => {
      close(true);
      act();
    } }, words)));
  const opener = h("summary", { class: "menu-opener", "aria-label": label }, h("span", { "aria-hidden": "true" }, "⋯"));
  const element = h("details", {
    class: "menu",
    onkeydown: (event) => event.key === "Escape" && element.open && close(true),
    onfocusout: ({ relatedTarget }) => relatedTarget && !element.contains(relatedTarget) && close(),
    ontoggle: () => {
      document[element.open ? "addEventListener" : "removeEventListener"]("pointerdown", outside);
    },
  }, opener, list);

  function outside({ target }) {
    if (!element.contains(target)) close();
  }
  function close(focus = false) {
    element.open = false;
    if (focus) opener.focus({ preventScroll: true });
  }
  return element;
}

/**
 * Asks before something is done, or for what it needs. The dialog stands in the screen, so that it goes when the screen
 * does; it stays open over what went wrong.
 */
export function ask({ title, body, label, bad = false, keep = "Cancel", act }) {
  const { element: problem, fail } = complaint();
  const go = h("button", { type: "submit", class: bad ? "button button-bad" : "button button-main" }, label);
  const stay = h("button", { type: "button", class: "button", onclick: () => dialog.close() }, keep);
  const form = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    go.disabled = true;
    fail(null);
    try {
      await act(new FormData(form));
      dialog.close();
    } catch (error) {
      fail(error);
    }
    go.disabled = false;
  } }, h("h2", { id: "ask-title" }, title), body, problem, h("div", { class: "row" }, stay, go));
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "ask-title", onclose: () => {
    if (!dialog.isConnected) return; // the screen went, and the next one has the focus
    const opener = before?.isConnected ? before : document.getElementById("main");
    dialog.remove();
    opener.focus({ preventScroll: true });
  } }, form);
  const before = document.activeElement;
  document.getElementById("main").append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Shows items as rows that `make(item)` builds, each with an `element` and `update(item)`. A row stays the same element
 * as long as its item is there: focus, an open menu and half-typed words survive. Where the focused row goes, `heading`
 * takes the focus.
 */
export function rowList(list, make, heading, keyOf = ({ player }) => player.id) {
  const rows = new Map();
  return (items) => {
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    const keys = new Set(items.map(keyOf));
    for (const [key, { element }] of rows) {
      if (keys.has(key)) continue;
      element.remove();
      rows.delete(key);
    }
    items.forEach((item, at) => {
      const key = keyOf(item);
      if (!rows.has(key)) rows.set(key, make(item));
      const { element, update } = rows.get(key);
      update?.(item);
      if (list.children[at] !== element) list.insertBefore(element, list.children[at] ?? null);
    });
    if (focused && document.activeElement !== focused) (focused.isConnected ? focused : heading).focus({ preventScroll: true });
  };
}
