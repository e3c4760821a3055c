// A link to hand on: shown, copied, shared.
import { h } from "./dom.js";

export function linkField(label) {
  const field = h("input", { type: "text", class: "link-field", readonly: true, "aria-label": label, onfocus: () => field.select() });
  const copy = h("button", { type: "button", class: "button button-main", onclick: copyLink }, "Copy the link");
  const share = h("button", { type: "button", class: "button", hidden: !navigator.share, onclick: () => navigator.share({ url: field.value, title: "Shall we play?" }).catch(() => {}) }, "Share…");

  async function copyLink() {
    try {
      await navigator.clipboard.writeText(field.value);
      copy.textContent = "Copied";
    } catch {
      // No clipboard without https or permission: the text is selected, the keyboard copies it.
      field.focus();
      copy.textContent = "Press Ctrl+C";
    }
    setTimeout(() => (copy.textContent = "Copy the link"), 3000);
  }

  return { field, buttons: [copy, share], show: (url) => (field.value = url) };
}
