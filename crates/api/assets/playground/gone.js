// Somebody's connection is lost: how long to wait, then what may be claimed.
import { h, say } from "./dom.js";
import { otherSeats } from "./game-state.js";
import { listed, remaining } from "./format.js";

export function goneBanner({ app, game, complain, apply }) {
  const words = h("p", {});
  const win = h("button", { type: "button", class: "button button-main", onclick: () => claim("win") }, "Claim the win");
  const draw = h("button", { type: "button", class: "button", onclick: () => claim("draw") }, "Call it a draw");
  const claims = h("div", { class: "row row-centre", hidden: true }, win, draw);
  const element = h("div", { class: "notice gone", role: "status", hidden: true }, words, claims);

  async function claim(what) {
    win.disabled = draw.disabled = true;
    try {
      apply(await app.swp.claim(game().id, what));
    } catch (error) {
      complain(error);
    }
    win.disabled = draw.disabled = false;
  }

  return {
    element,
    tick() {
      const gone = game().status === "in_progress" ? otherSeats(game(), app.me.id).filter(({ claim_at }) => claim_at) : [];
      element.hidden = gone.length === 0;
      if (!gone.length) return;
      const names = listed(gone.map(({ player }) => player.display_name));
      const left = Math.max(...gone.map(({ claim_at }) => Date.parse(claim_at))) - app.now();
      say(words, left > 0 ? `${names} lost the connection and has ${remaining(left)} to come back.` : `${names} did not come back. Wait on, or end it here.`);
      claims.hidden = left > 0;
    },
  };
}
