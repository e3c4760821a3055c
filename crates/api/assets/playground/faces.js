// Every player is a game piece with a face, always the same one for the same id.
import { picture, s } from "./dom.js";

const COLOURS = ["gold", "rasp", "sky", "lime", "coral", "violet"];
// Corners come round by a thick stroke in the fill's colour.
const BODIES = [
  () => s("circle", { cx: 32, cy: 32, r: 25 }),
  () => s("rect", { x: 12, y: 12, width: 40, height: 40, rx: 6 }),
  () => s("path", { d: "M32 10 54 32 32 54 10 32z" }),
  () => s("path", { d: "M32 13 53 50H11z" }),
  () => s("path", { d: "M32 10 52 21v22L32 54 12 43V21z" }),
  () => s("path", { d: "M12 52V30a20 20 0 0 1 40 0v22z" }),
];
const LIFT = [0, 0, 0, 6, 0, 0];
const MOUTHS = ["M27 42q5 4 10 0", "M28 42h8", "M26 41q6 6 12 0", "M28 41q6 5 9-1"];

function hash(text) {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return (value ^ (value >>> 15)) >>> 0;
}

export function face(id, className = "") {
  const value = hash(id ?? "");
  const body = value % BODIES.length;
  const colour = COLOURS[(value >>> 4) % COLOURS.length];
  return picture("0 0 64 64", `face face-${colour} ${className}`,
    s("g", { class: "face-body" }, BODIES[body]()),
    s("g", { transform: `translate(0 ${LIFT[body]})` },
      s("circle", { class: "face-eye", cx: 25, cy: 31, r: 5.5 }),
      s("circle", { class: "face-eye", cx: 39, cy: 31, r: 5.5 }),
      s("g", { class: "face-pupils" },
        s("circle", { cx: 25, cy: 31, r: 2.6 }),
        s("circle", { cx: 39, cy: 31, r: 2.6 })),
      s("path", { class: "face-mouth", d: MOUTHS[(value >>> 9) % MOUTHS.length] })));
}

/** The empty seat across the table. */
export function nobody(className = "") {
  return picture("0 0 64 64", `face face-nobody ${className}`,
    s("circle", { class: "face-outline", cx: 32, cy: 32, r: 26 }),
    s("path", { class: "face-ask", d: "M25 27c0-5 3-8 7.5-8s7 3 7 7c0 5.5-7 5.5-7 10.5" }),
    s("circle", { class: "face-askdot", cx: 32.5, cy: 44, r: 2.2 }));
}

/** Seat 0 plays crosses, seat 1 rings. */
export function piece(seat, className = "") {
  return picture("0 0 48 48", `piece piece-${seat} ${className}`, seat === 0
    ? s("path", { class: "stroke", d: "M13 13 35 35M35 13 13 35" })
    : s("circle", { class: "stroke", cx: 24, cy: 24, r: 12.5 }));
}

const FIRST = ["Brave", "Quiet", "Sunny", "Clever", "Velvet", "Lucky", "Swift", "Mellow", "Dapper", "Cosmic", "Gentle", "Salty"];
const SECOND = ["Otter", "Comet", "Pickle", "Heron", "Domino", "Fennel", "Badger", "Marble", "Puffin", "Ginger", "Walnut", "Lynx"];

export function surprisingName() {
  const any = (list) => list[Math.floor(Math.random() * list.length)];
  return `${any(FIRST)} ${any(SECOND)}`;
}
