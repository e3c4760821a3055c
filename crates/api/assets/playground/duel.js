// Ten seconds of tapping. The score is reported by the players, so both pages count for themselves.
import { h, say } from "./dom.js";
import { face } from "./faces.js";
import { isOver } from "./game-state.js";

const COUNTDOWN_MS = 3000, PLAY_MS = 10_000, RELAY_MS = 200;
/** A full column; nobody taps faster for ten seconds. */
const FULL = 120;

export function duelBoard({ app, opponent, game, complain, reread, refresh }) {
  let theirs = 0;
  let told = 0;
  let phase = "before";
  let timer, relayTimer;
  // A reload in the middle must not cost what was tapped.
  const key = `swp-duel:${game().id}`;
  const kept = JSON.parse(sessionStorage.getItem(key) ?? "null") ?? { taps: 0, beganAt: null, reported: false };
  const keep = () => sessionStorage.setItem(key, JSON.stringify(kept));

  const myCount = h("span", { class: "tap-count" }, String(kept.taps));
  const theirCount = h("span", { class: "tap-count" }, "0");
  const myBar = h("div", { class: "tap-fill tap-mine" });
  const theirBar = h("div", { class: "tap-fill tap-theirs" });
  const label = h("span", { class: "pad-label" }, "Ready?");
  const pad = h("button", { type: "button", class: "pad", "aria-describedby": "pad-hint" }, face(app.me.id), label);
  const status = h("p", { class: "fine", role: "status", id: "pad-hint" }, "Tap the piece, or hit space or enter.");
  const element = h("div", { class: "duel" },
    h("div", { class: "tap-column" }, h("div", { class: "tap-bar", "aria-hidden": "true" }, theirBar), theirCount, h("span", { class: "fine" }, opponent.display_name)),
    h("div", { class: "pad-place" }, pad, status),
    h("div", { class: "tap-column" }, h("div", { class: "tap-bar", "aria-hidden": "true" }, myBar), myCount, h("span", { class: "fine" }, "You")));

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
    say(myCount, String(kept.taps));
    say(theirCount, String(theirs));
    myBar.style.height = `${Math.min(100, (kept.taps / FULL) * 100)}%`;
    theirBar.style.height = `${Math.min(100, (theirs / FULL) * 100)}%`;
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
      const { report: mine } = await app.swp.submitScore(game().id, { session_secret: secret, score: kept.taps, duration_ms: PLAY_MS });
      kept.reported = true;
      keep();
      say(status, mine.status === "held" ? `Your ${kept.taps} taps are being looked at: ${mine.reason ?? "unusual score"}.` : `Your ${kept.taps} taps are in. Waiting for ${opponent.display_name}’s.`);
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
      if (!isOver(now)) return;
      for (const seat of now.players) {
        if (seat.player.id === opponent.id && Number.isFinite(seat.score)) theirs = Math.max(theirs, seat.score);
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
      theirs = Math.max(theirs, data.taps);
      draw();
    },
    dispose() {
      clearInterval(timer);
      clearInterval(relayTimer);
    },
  };
}
