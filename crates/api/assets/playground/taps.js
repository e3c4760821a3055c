// Ten seconds of tapping, alone, against one or against many. The score is reported by the players, so each page counts
// for itself.
import { h, say } from "./dom.js";
import { face } from "./faces.js";
import { isOver, otherSeats } from "./game-state.js";
import { listed } from "./format.js";

const COUNTDOWN_MS = 3000, PLAY_MS = 10_000, RELAY_MS = 200;
/** A full column; nobody taps faster for ten seconds. */
const FULL = 120;

export function tapsBoard({ app, game, complain, reread, refresh }) {
  const theirs = new Map();
  const columns = new Map();
  let told = 0;
  let phase = "before";
  let timer, relayTimer;
  // A reload in the middle must not cost what was tapped.
  const key = `swp-taps:${game().id}`;
  const kept = JSON.parse(sessionStorage.getItem(key) ?? "null") ?? { taps: 0, beganAt: null, reported: false };
  const keep = () => sessionStorage.setItem(key, JSON.stringify(kept));

  const label = h("span", { class: "pad-label" }, "Ready?");
  const pad = h("button", { type: "button", class: "pad", "aria-describedby": "pad-hint" }, face(app.me.id), label);
  const status = h("p", { class: "fine", role: "status", id: "pad-hint" }, "Tap the piece, or hit space or enter.");
  const mine = column("You", "tap-mine");
  const others = h("div", { class: "tap-others" });
  const element = h("div", { class: "taps" }, others, h("div", { class: "pad-place" }, pad, status), mine.element);

  function column(name, kind) {
    const count = h("span", { class: "tap-count" }, "0");
    const bar = h("div", { class: `tap-fill ${kind}` });
    return {
      element: h("div", { class: "tap-column" }, h("div", { class: "tap-bar", "aria-hidden": "true" }, bar), count, h("span", { class: "fine" }, name)),
      show(taps) {
        say(count, String(taps));
        bar.style.height = `${Math.min(100, (taps / FULL) * 100)}%`;
      },
    };
  }

  // pointerdown counts at once; click would wait for the release. Keys count once per press, held or not.
  pad.addEventListener("pointerdown", (event) => {
    if (event.button === 0) tap();
  });
  pad.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) tap();
  });

  function tap() {
    if (phase !== "play") return;
    kept.taps += 1;
    keep();
    pad.classList.toggle("pad-odd");
    draw();
  }

  function draw() {
    mine.show(kept.taps);
    const myTeam = game().players.find(({ player }) => player.id === app.me.id)?.team;
    for (const { player, team } of otherSeats(game(), app.me.id)) {
      if (!columns.has(player.id)) {
        const made = column(player.display_name, team === myTeam ? "tap-mine" : "tap-theirs");
        columns.set(player.id, made);
        others.append(made.element);
      }
      columns.get(player.id).show(theirs.get(player.id) ?? 0);
    }
    others.dataset.count = columns.size;
  }

  function relay() {
    if (kept.taps !== told && app.swp.relay(game().id, { taps: kept.taps })) told = kept.taps;
  }

  function begin() {
    kept.beganAt ??= Math.min(Date.parse(game().started_at ?? "") || app.now(), app.now());
    keep();
    enter("countdown");
    relayTimer = setInterval(relay, RELAY_MS);
    timer = setInterval(step, 100);
    step();
  }

  function enter(next) {
    phase = next;
    element.dataset.phase = next;
    refresh();
  }

  function step() {
    const since = app.now() - kept.beganAt;
    if (since < COUNTDOWN_MS) return say(label, String(Math.ceil((COUNTDOWN_MS - since) / 1000)));
    if (since < COUNTDOWN_MS + PLAY_MS) {
      if (phase !== "play") {
        enter("play");
        app.announce("Go!");
        pad.focus({ preventScroll: true });
      }
      return say(label, `${Math.ceil((COUNTDOWN_MS + PLAY_MS - since) / 1000)}`);
    }
    clearInterval(timer);
    clearInterval(relayTimer);
    relay();
    enter("done");
    say(label, "Time!");
    report();
  }

  async function report() {
    if (kept.reported || game().result?.version > 0) return;
    say(status, "Sending your score…");
    try {
      const secret = game().you?.session_secret ?? (await app.swp.game(game().id)).you?.session_secret;
      const { report: receipt } = await app.swp.submitScore(game().id, { session_secret: secret, score: kept.taps, duration_ms: PLAY_MS });
      kept.reported = true;
      keep();
      const waits = listed(otherSeats(game(), app.me.id).map(({ player }) => `${player.display_name}’s`));
      say(status, receipt.status === "held" ? `Your ${kept.taps} taps are being looked at: ${receipt.reason ?? "unusual score"}.` : `Your ${kept.taps} taps are in.${waits && ` Waiting for ${waits}.`}`);
      reread();
    } catch (error) {
      complain(error);
      if (error.code === "games.already_reported") return;
      status.replaceChildren("Your score is not in yet. ", h("button", { type: "button", class: "link", onclick: report }, "Send it again"));
    }
  }

  draw();
  return {
    element,
    headline: () => ({ before: "Get ready.", countdown: "Get ready…", play: "Tap!", done: `You made ${kept.taps} taps.` })[phase],
    update(now) {
      if (phase === "before" && now.status === "in_progress") begin();
      draw();
      if (!isOver(now)) return;
      for (const { player, score } of now.players) {
        if (Number.isFinite(score)) theirs.set(player.id, Math.max(theirs.get(player.id) ?? 0, score));
      }
      draw();
      if (now.status !== "finished" || kept.reported) {
        clearInterval(timer);
        clearInterval(relayTimer);
        phase = element.dataset.phase = "done";
        if (document.activeElement === pad) document.getElementById("game-title").focus({ preventScroll: true });
        pad.disabled = true;
        say(label, "");
        say(status, "");
      }
    },
    relayed({ from, data }) {
      if (from === app.me.id || !Number.isInteger(data?.taps)) return;
      theirs.set(from, Math.max(theirs.get(from) ?? 0, data.taps));
      draw();
    },
    dispose() {
      clearInterval(timer);
      clearInterval(relayTimer);
    },
  };
}
