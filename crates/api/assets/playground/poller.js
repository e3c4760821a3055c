// Asking again and again, but only while somebody looks, and ever less often while it fails.

const MOST_MS = 30_000;

/**
 * Calls `act()` after `first` and every `ms`, never twice at once. A refusal doubles the pause, and never asks sooner than the
 * server said; a hidden page asks nothing, and one that is looked at again asks when it may.
 */
export function poller(act, ms, { first = 0, page = document, most = MOST_MS, random = Math.random } = {}) {
  let timer;
  let failed = 0;
  let mayAt = Date.now() + first;
  let running = false;
  let stopped = false;

  function plan() {
    clearTimeout(timer);
    if (!stopped && !page.hidden && !running) timer = setTimeout(run, Math.max(0, mayAt - Date.now()));
  }

  async function run() {
    running = true;
    let wait = ms;
    try {
      await act();
      failed = 0;
    } catch (error) {
      // Not all at the same moment again.
      const backOff = Math.min(most, ms * 2 ** ++failed) * (1 + random() / 5);
      wait = Math.max(backOff, error?.retryAfterMs ?? 0);
    }
    running = false;
    mayAt = Date.now() + wait;
    plan();
  }

  page.addEventListener("visibilitychange", plan);
  plan();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      page.removeEventListener("visibilitychange", plan);
    },
  };
}
