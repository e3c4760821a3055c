// Asking one player to a game: which games two can play here, and what happens then.
import { BOARDS } from "./boards.js";
import { h } from "./dom.js";

export const gamesForTwo = (modes) => modes.filter(({ key, teams, team_size, enabled }) => BOARDS[key] && enabled && teams === 2 && team_size === 1);

export const modeChoice = (id, modes) => h("select", { id, name: "mode" }, modes.map(({ key, name }) => h("option", { value: key }, name)));

/** Makes the game and goes to its waiting room; who sits in a game already is taken there instead. */
export async function challenge(app, mode, playerId) {
  try {
    app.play(await app.swp.createGame(mode, { invite: [playerId] }));
  } catch (error) {
    if (!(error.status === 409 && (await app.resume().catch(() => false)))) throw error;
  }
}
