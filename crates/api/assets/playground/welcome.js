// The first thing a newcomer sees: a name, and in.
import { loginForm } from "./credentials.js";
import { h, trouble } from "./dom.js";
import { piece, surprisingName } from "./faces.js";

// A drawn game in the making; the last cell asks the question.
const OPENING = [1, 0, null, null, 0, 1, "?", null, 0];

export function welcomeScreen(app, notice) {
  const name = h("input", {
    id: "name", name: "name", type: "text", maxlength: "32", autocomplete: "nickname", spellcheck: "false",
    placeholder: "Ada", "aria-describedby": "name-hint",
  });
  const problems = h("div", {});
  const go = h("button", { type: "submit", class: "button button-main" }, "Take a seat");
  const surprise = h("button", { type: "button", class: "button", onclick: () => {
    name.value = surprisingName();
    enter();
  } }, "Surprise me");

  async function enter() {
    const displayName = name.value.trim();
    if (!displayName) {
      name.setAttribute("aria-invalid", "true");
      problems.replaceChildren(h("p", { class: "field-error", role: "alert" }, "A name is all we need. Any name."));
      return name.focus();
    }
    name.removeAttribute("aria-invalid");
    go.disabled = surprise.disabled = true;
    go.textContent = "One moment…";
    try {
      await app.swp.signInAsGuest({ displayName });
      await app.enter();
    } catch (error) {
      problems.replaceChildren(trouble(error));
      go.disabled = surprise.disabled = false;
      go.textContent = "Take a seat";
      name.focus();
    }
  }

  const element = h("section", { class: "welcome" },
    h("div", { class: "welcome-words" },
      h("h1", { tabindex: "-1", "data-focus": true }, "Shall we", h("br"), "play?"),
      h("p", { class: "lead" }, "Pick a name, meet someone, play one round. It counts."),
      notice && h("p", { class: "notice", role: "status" }, notice),
      h("form", { class: "name-form", novalidate: true, onsubmit: (event) => {
        event.preventDefault();
        enter();
      } },
        h("label", { for: "name" }, "Your name at the table"),
        name,
        h("div", { class: "row" }, go, surprise),
        problems,
        h("p", { class: "fine", id: "name-hint" }, "You play as a guest of this tab. No password, nothing to install.")),
      h("details", { class: "come-back" }, h("summary", {}, "I have a handle"), loginForm(app))),
    h("div", { class: "welcome-art", "aria-hidden": "true" },
      h("div", { class: "board board-art" }, OPENING.map((cell, at) =>
        h("div", { class: `cell art-${at}` },
          cell === "?" ? h("span", { class: "art-ask" }, "?") : cell !== null && piece(cell))))));
  return { name: "welcome", title: "", element };
}
