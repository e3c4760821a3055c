// Handle and password: a guest becomes an account, and an account comes in.
import { complaint } from "./controls.js";
import { h } from "./dom.js";

/** One form for both; `submit` gets what was typed, `words` is what the button says. */
function credentials(id, { words, password, hint, submit }) {
  const { element: problem, fail } = complaint();
  const field = (name, label, properties) => h("label", { class: "field", for: `${id}-${name}` }, h("span", { class: "fine" }, label),
    h("input", { id: `${id}-${name}`, name, required: true, ...properties }));
  const go = h("button", { type: "submit", class: "button button-main" }, words);
  const form = h("form", { class: "credentials", onsubmit: async (event) => {
    event.preventDefault();
    const { handle, password: secret } = Object.fromEntries(new FormData(form));
    go.disabled = true;
    fail(null);
    try {
      await submit({ handle: handle.trim().replace(/^@/, ""), password: secret });
    } catch (error) {
      // Which field is wrong stands in the errors; the detail of the whole only says that some are.
      fail(error.errors?.length ? { message: `${error.errors.map(({ detail }) => detail).join("; ")}.` } : error);
    }
    go.disabled = false;
  } },
  field("handle", "Handle", { type: "text", maxlength: "25", autocomplete: "username", autocapitalize: "none", spellcheck: "false", "aria-describedby": hint && `${id}-hint` }),
  field("password", "Password", { type: "password", minlength: password === "new-password" && "8", maxlength: "128", autocomplete: password }),
  hint && h("p", { class: "fine", id: `${id}-hint` }, hint), problem, go);
  return form;
}

export const registerForm = (app, done) => credentials("register", {
  words: "Keep this player", password: "new-password",
  hint: "3 to 24 of a to z, 0 to 9 and _, a letter first. Friends find you by it; with the password you come in on any device. Everything you played stays yours.",
  submit: async (account) => done(await app.swp.register(account)),
});

export const loginForm = (app) => credentials("login", {
  words: "Come in", password: "current-password",
  submit: async (account) => {
    await app.swp.login(account);
    await app.enter();
  },
});
