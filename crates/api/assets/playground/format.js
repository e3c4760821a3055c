// Words and figures, the same on every screen.

export const OUTCOMES = { win: "Won", loss: "Lost", draw: "Draw" };
export const plain = (text) => text.replaceAll("_", " ");
export const many = (count, one, more = `${one}s`) => `${count} ${count === 1 ? one : more}`;

export function ago(time, now) {
  const seconds = (Date.parse(time) - now) / 1000;
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
  if (seconds > -45) return "just now";
  if (seconds > -3600) return words.format(Math.round(seconds / 60), "minute");
  if (seconds > -86_400) return words.format(Math.round(seconds / 3600), "hour");
  return words.format(Math.round(seconds / 86_400), "day");
}

/** `1:05`; above an hour `3 h`. */
export function remaining(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds >= 7200) return `${Math.round(seconds / 3600)} h`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** `1,591.5` */
export const figure = (value) => new Intl.NumberFormat("en", { maximumFractionDigits: 1 }).format(value);
export const rating = (value) => new Intl.NumberFormat("en", { maximumFractionDigits: 0, useGrouping: false }).format(value);

/** `+92`, `−92`, `±0` */
export function change(before, after) {
  const difference = Math.round(after) - Math.round(before);
  return difference > 0 ? `+${difference}` : difference < 0 ? `−${-difference}` : "±0";
}

/** Ada, Bea and Cleo */
export const listed = (names) => new Intl.ListFormat("en", { type: "conjunction" }).format(names);
