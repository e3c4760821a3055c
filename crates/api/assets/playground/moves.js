// Sending a move: one at a time, shown at once, and never believed against the server.

/** `turnOf(state)` is whose turn a position is, for replies that come before their event. */
export function mover({ app, game, complain, apply, reread }, turnOf, repaint) {
  let sent = null;
  return {
    /** The move on its way. */
    get sent() { return sent; },
    async send(move) {
      const { id, status, sequence } = game();
      if (status !== "in_progress" || sent !== null) return;
      complain(null);
      sent = move;
      repaint();
      try {
        const reply = await app.swp.move(id, move, sequence);
        sent = null;
        const now = game();
        // The event may have come first, and the answer to it too.
        if (now.id === id && (reply.sequence > now.sequence || (reply.sequence === now.sequence && now.sequence === sequence))) {
          apply({ sequence: reply.sequence, state: reply.state, turn: turnOf(reply.state) });
        }
      } catch (error) {
        sent = null;
        complain(error);
        if (!error.status) reread(); // perhaps it was taken after all
      }
      repaint();
    },
  };
}

/** Keyboard players need not search for the board, but nobody is pulled out of elsewhere. */
export function focusAtStart(target, now, before) {
  const begins = now.status === "in_progress" && before?.status !== "in_progress";
  const idle = document.activeElement === document.body || document.activeElement?.matches("main, h1");
  if (begins && idle) target.focus({ preventScroll: true });
}
