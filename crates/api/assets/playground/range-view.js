// The search drawn: one's own rating on an axis, and the window of ratings that grows around it.
import { picture, s, say } from "./dom.js";

const WIDTH = 320, MIDDLE = WIDTH / 2, LINE = 46;
/** How far the axis reaches to either side, in points: it jumps to the next when the window nears its end. */
const REACHES = [100, 200, 400, 800, 1600, 3200];
/** The window never touches the edge, so that one sees it end. */
const FULL = 0.9;

/** The smallest axis on which the window has room. */
export const reachFor = (range) => REACHES.find((reach) => range <= reach * FULL) ?? Math.ceil(range / FULL);

/** Round numbers on that axis. */
export function ticksOn(rating, reach) {
  const step = reach / 2;
  const first = Math.ceil((rating - reach) / step) * step;
  return Array.from({ length: 5 }, (_, nth) => first + nth * step).filter((value) => value <= rating + reach);
}

/** Words beside it say the same, so screen readers skip it. */
export function rangeView() {
  const band = s("rect", { class: "range-band", y: LINE - 17, height: 34, rx: 10, x: MIDDLE, width: 0 });
  const marks = s("g", { class: "range-ticks" });
  const own = s("text", { class: "range-own", x: MIDDLE, y: 19 });
  const element = picture(`0 0 ${WIDTH} 86`, "range",
    band, s("path", { class: "range-axis", d: `M6 ${LINE}H${WIDTH - 6}` }), marks,
    s("path", { class: "range-me", d: `M${MIDDLE} ${LINE - 9}l9 9-9 9-9-9z` }), own);
  let shown = "";

  function axis(rating, reach) {
    const now = `${rating} ${reach}`;
    if (now === shown) return;
    shown = now;
    marks.replaceChildren(...ticksOn(rating, reach).map((value) => {
      const at = MIDDLE + ((value - rating) / reach) * MIDDLE;
      // A number at the very edge would be cut off.
      const label = at > 18 && at < WIDTH - 18 && s("text", { x: at, y: LINE + 34 }, String(value));
      return s("g", {}, s("path", { d: `M${at} ${LINE - 4}v8` }), label || "");
    }));
  }

  return {
    element,
    /** `range` null: anybody. */
    show(rating, range) {
      const mine = Math.round(rating);
      const reach = range === null ? REACHES[2] : reachFor(range);
      const half = range === null ? MIDDLE : Math.max(4, (range / reach) * MIDDLE);
      element.toggleAttribute("data-open", range === null);
      band.setAttribute("x", MIDDLE - half);
      band.setAttribute("width", 2 * half);
      axis(mine, reach);
      say(own, `you ${mine}`);
    },
  };
}
