// Links that make friends: made, shown as a QR code, handed on, taken back.
import { action, ask, complaint, rowList } from "./controls.js";
import { h, picture, s, say, trouble } from "./dom.js";
import { many, remaining } from "./format.js";
import { linkField } from "./link.js";
import { qrPath } from "./qr.js";

const DAY = 86_400;
const LIVES = [[DAY, "A day"], [7 * DAY, "A week"], [30 * DAY, "30 days"]];
const USES = [["", "Anybody"], ["1", "One person"], ["10", "Ten people"]];

/** Dark on light whatever the theme: not every reader takes it the other way round. */
function qrImage(url) {
  const code = qrPath(url);
  if (!code) return null;
  const { size, path } = code;
  const drawn = picture(`0 0 ${size} ${size}`, "qr", s("rect", { class: "qr-light", width: size, height: size }), s("path", { class: "qr-dark", d: path }));
  return h("div", { class: "qr-frame", role: "img", "aria-label": "QR code of this link" }, drawn);
}

function terms(app, { auto_accept: atOnce, max_uses: most, uses, expires_at: until }) {
  const left = Date.parse(until) - app.now();
  return [most === null ? `used ${many(uses, "time")}` : `used ${uses} of ${most}`,
    left > 2 * DAY * 1000 ? `${Math.round(left / DAY / 1000)} days left` : left > 0 ? `${remaining(left)} left` : "over",
    atOnce ? "friends at once" : "you are asked first"].join(" · ");
}

function linkRow(app, first, { fresh, revoked }) {
  const { element: problem, fail } = complaint();
  const link = linkField("Link that makes friends");
  const facts = h("p", { class: "fine" });
  const code = h("div", { class: "qr-place", hidden: !fresh });
  const toggle = h("button", { type: "button", class: "button", onclick: () => reveal(code.hidden) });
  link.show(first.url);
  const image = qrImage(first.url);
  if (image) code.append(image);
  function reveal(shown) {
    code.hidden = !shown;
    toggle.setAttribute("aria-expanded", String(shown));
    say(toggle, shown ? "Hide the QR code" : "Show the QR code");
  }
  reveal(fresh);
  const element = h("li", { class: "friend-link", "data-code": first.code }, link.field, facts, code,
    h("div", { class: "row" }, link.buttons, image && toggle,
      action("Revoke…", () => ask({
        title: "Revoke this link?", label: "Revoke", bad: true, body: h("p", {}, "Nobody can use it any more. Friends stay friends."),
        act: () => revoked(first.code),
      }), fail)), problem);
  return { element, update: (now) => say(facts, terms(app, now)) };
}

export function friendLinks(app) {
  const { element: problem, fail } = complaint();
  const heading = h("h2", { id: "links-title", tabindex: "-1" }, "Links and QR codes");
  const list = h("ul", { class: "friend-links" });
  const foot = h("div", {});
  let links = [];
  let made = null;
  const show = rowList(list, (link) => linkRow(app, link, { fresh: link.code === made, revoked }), heading, ({ code }) => code);

  async function load() {
    try {
      links = (await app.swp.friendLinks()).items;
      foot.replaceChildren();
      render();
    } catch (error) {
      foot.replaceChildren(trouble(error, load));
    }
  }

  function render() {
    show(links);
    foot.replaceChildren(links.length ? "" : h("p", { class: "empty" }, "No link right now. Make one and send it, or let somebody scan it: the two of you become friends, handle or not."));
  }

  async function revoked(code) {
    await app.swp.revokeFriendLink(code);
    app.announce("The link is revoked.");
    await load();
  }

  const choice = (name, label, options, chosen) => h("label", { class: "field" }, h("span", { class: "fine" }, label),
    h("select", { name }, options.map(([value, words]) => h("option", { value, selected: value === chosen }, words))));
  const form = h("form", { class: "link-form", onsubmit: (event) => event.preventDefault() },
    choice("uses", "Who may use it", USES, ""), choice("life", "How long it works", LIVES, 7 * DAY),
    h("label", { class: "check" }, h("input", { type: "checkbox", name: "atOnce", checked: true }), h("span", {}, "Friends at once, without asking me")),
    action("Make a link", async () => {
      const data = new FormData(form);
      const link = await app.swp.createFriendLink({
        maxUses: data.get("uses") ? Number(data.get("uses")) : undefined, expiresIn: Number(data.get("life")), autoAccept: data.has("atOnce"),
      });
      made = link.code;
      links = [link, ...links];
      render();
      app.announce("The link is made.");
      list.querySelector(".link-field")?.focus();
    }, fail, { kind: "button button-main" }));

  load();
  return { load, element: h("section", { class: "panel", "aria-labelledby": "links-title" }, heading, form, problem, list, foot) };
}
