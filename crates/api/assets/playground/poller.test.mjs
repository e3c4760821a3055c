// node --test: how often is asked while it works, fails, is refused, and nobody looks.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { poller } from "./poller.js";

const settle = async () => { for (let turn = 0; turn < 20; turn++) await Promise.resolve(); };
/** Lets so much time pass, in steps small enough for timers that start timers. */
async function pass(ms) {
  for (let step = 0; step <= ms; step += 100) {
    mock.timers.tick(step ? 100 : 0);
    await settle();
  }
}

class Page extends EventTarget {
  hidden = false;
  show(shown) {
    this.hidden = !shown;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

let page, asked, refusal;
const begin = () => poller(async () => {
  asked += 1;
  if (refusal) throw refusal;
}, 2000, { page, random: () => 0 });

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_800_000_000_000 });
  [page, asked, refusal] = [new Page(), 0, null];
});

test("now and then every so often, until it is stopped", async () => {
  const asking = begin();
  await pass(6000);
  assert.equal(asked, 4);
  asking.stop();
  await pass(6000);
  assert.equal(asked, 4);
});

test("failing, the pauses double; working again, they are as before", async () => {
  refusal = new Error("offline");
  begin();
  await pass(4000 + 8000 + 16_000);
  assert.equal(asked, 4, "after 0, 4, 12 and 28 s");
  refusal = null;
  await pass(30_000 + 2000);
  assert.equal(asked, 6, "never longer than half a minute, then every two seconds");
});

test("never sooner than the server allows, not even when somebody looks again", async () => {
  refusal = Object.assign(new Error("too many"), { retryAfterMs: 20_000 });
  begin();
  await pass(1000);
  page.show(false);
  page.show(true);
  await pass(18_000);
  assert.equal(asked, 1);
  await pass(1200);
  assert.equal(asked, 2);
});

test("nobody looks, nobody asks; looked at again, at once", async () => {
  begin();
  await pass(100);
  page.show(false);
  await pass(60_000);
  assert.equal(asked, 1);
  page.show(true);
  await pass(0);
  assert.equal(asked, 2);
});
