// The account: handle and password, who may do and see what, devices, and one's data.
import { action, ask, complaint } from "./controls.js";
import { registerForm } from "./credentials.js";
import { h, skeleton, trouble } from "./dom.js";
import { ago } from "./format.js";

const EVERYONE = ["everyone", "Everyone"], FRIENDS = ["friends", "Friends"], NOBODY = ["nobody", "Nobody"];
// Friends need not ask to become friends.
const CHOICES = [
  ["requests", "Who may ask to be your friend", [EVERYONE, NOBODY]],
  ["invites", "Who may invite you to games", [EVERYONE, FRIENDS, NOBODY]],
  ["presence", "Who sees whether you are here", [EVERYONE, FRIENDS, NOBODY]],
  ["history", "Who sees your games and stats", [EVERYONE, FRIENDS, NOBODY]],
];

/** “Firefox on Linux”, as far as the device tells. */
function deviceName(agent) {
  const named = (pairs) => pairs.find(([pattern]) => pattern.test(agent ?? ""))?.[1];
  const browser = named([[/Edg\//, "Edge"], [/OPR\//, "Opera"], [/Firefox\//, "Firefox"], [/Chrom(e|ium)\//, "Chrome"], [/Safari\//, "Safari"]]);
  const system = named([[/Android/, "Android"], [/iPhone|iPad/, "iOS"], [/Windows/, "Windows"], [/Mac OS X/, "macOS"], [/Linux/, "Linux"]]);
  return [browser, system].filter(Boolean).join(" on ") || agent?.slice(0, 60) || "A device that doesn’t say what it is";
}

function section(id, title, ...children) {
  return h("section", { class: "panel", "aria-labelledby": id }, h("h2", { id, tabindex: "-1" }, title), ...children);
}

export function accountScreen(app) {
  const { swp } = app;
  const body = h("div", { class: "page-body" });
  let gone = false;

  async function load() {
    body.replaceChildren(skeleton(4));
    try {
      const [me, devices] = await Promise.all([swp.me(), swp.sessions()]);
      if (!gone) body.replaceChildren(name(me), privacy(me), signedIn(devices.items), data(me));
    } catch (error) {
      if (!gone) body.replaceChildren(trouble(error, load));
    }
  }

  function name(me) {
    if (me.handle) {
      return section("handle-title", "Handle", h("p", {}, h("strong", {}, `@${me.handle}`), " is how friends find you and how you come in on other devices."));
    }
    return section("handle-title", "Choose a handle",
      h("p", {}, `${me.display_name} lives in this tab only. A handle and a password keep this player, and let friends find you.`),
      registerForm(app, ({ handle }) => {
        app.announce(`You are @${handle} now.`);
        load().then(() => document.getElementById("handle-title")?.focus());
      }));
  }

  function privacy(me) {
    const { element: problem, fail } = complaint();
    const choice = ([key, label, options]) => {
      const set = me.privacy?.[key];
      const chosen = options.some(([value]) => value === set) ? set : "nobody";
      const select = h("select", { name: key, onchange: async () => {
        select.disabled = true;
        fail(null);
        try {
          await swp.updateMe({ privacy: { [key]: select.value } });
          app.announce(`${label}: ${select.selectedOptions[0].textContent}.`);
        } catch (error) {
          fail(error);
        }
        select.disabled = false;
        select.focus({ preventScroll: true });
      } }, options.map(([value, words]) => h("option", { value, selected: value === chosen }, words)));
      return h("label", { class: "setting" }, h("span", {}, label), select);
    };
    return section("privacy-title", "Privacy", CHOICES.map(choice), problem,
      h("p", { class: "fine" }, "A change holds at once. Whom you block sees nothing of you in any case."));
  }

  function signedIn(devices) {
    const { element: problem, fail } = complaint();
    const row = (device) => {
      const line = h("li", { class: "device" },
        h("div", { class: "person-words" }, h("strong", {}, deviceName(device.user_agent)),
          h("span", { class: "fine" }, device.current ? "this one" : `used ${ago(device.last_used_at, app.now())}`)),
        device.current ? null : action("Sign out", async () => {
          await swp.endSession(device.id);
          line.remove();
          app.announce("That device is signed out.");
          document.getElementById("devices-title").focus({ preventScroll: true });
        }, fail, { "aria-label": `Sign out ${deviceName(device.user_agent)}` }));
      return line;
    };
    return section("devices-title", "Devices", h("ul", { class: "devices" }, devices.map(row)), problem);
  }

  function data(me) {
    const { element: problem, fail } = complaint();
    return section("data-title", "Your data",
      h("p", {}, "Everything that is kept about you: profile, devices, friends, games and what you said about them."),
      h("div", { class: "row" },
        action("Download it", download, fail),
        h("button", { type: "button", class: "button button-bad", onclick: () => askToErase(me) }, "Erase me…")), problem);
  }

  async function download() {
    const file = new Blob([JSON.stringify(await swp.exportMe(), null, 1)], { type: "application/json" });
    const href = URL.createObjectURL(file);
    h("a", { href, download: "shallweplay-export.json" }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000); // some browsers read it after the click
    app.announce("The download begins.");
  }

  // Twice, and the second time by name: there is no way back.
  function askToErase(me) {
    const first = ask({
      title: "Erase yourself?", label: "Go on", bad: true, keep: "Stay",
      body: h("p", {}, "You are signed out everywhere, your friends lose you, and nothing here names you any more. Games that others played with you stay, under a pseudonym. You may want to download your data first."),
      act: async () => {
        first.addEventListener("close", () => confirmErasure(me), { once: true });
      },
    });
  }

  function confirmErasure(me) {
    const typed = h("input", { id: "erase-name", type: "text", autocomplete: "off", spellcheck: "false" });
    ask({
      title: "There is no way back", label: "Erase me for good", bad: true, keep: "Stay",
      body: h("label", { class: "field", for: "erase-name" }, h("span", {}, "Type ", h("strong", {}, me.display_name), " to erase this player."), typed),
      act: async () => {
        if (typed.value.trim() !== me.display_name) throw new Error("That is not the name.");
        await swp.eraseMe();
        app.signedOut("You are erased. Come in as somebody new, whenever you like.");
      },
    });
  }

  load();
  const element = h("section", { class: "sheet page", "aria-labelledby": "page-title" },
    h("h1", { id: "page-title", tabindex: "-1", "data-focus": true }, "Account"), body);
  return { name: "account", title: "Account", element, dispose: () => (gone = true) };
}
