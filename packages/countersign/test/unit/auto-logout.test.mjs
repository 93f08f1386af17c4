// The end of an idle session in real Chromium, with a clock that the test moves.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, startServer } from "./support/page.mjs";

let browser, server;
before(async () => {
    browser = await launch();
    server = await startServer(() => ({ body: "" }));
});
after(async () => {
    await browser?.close();
    await server?.close();
});

/**
 * Watches a user who is logged out after a minute without activity, by clocks that the test moves. `settled`: what the
 * server says how far the local clock is ahead when it is asked; `null`: it can't be asked.
 */
async function watch({ settled = 0 } = {}) {
    const page = await browser.newPage();
    await page.clock.install();
    await page.goto(server.origin);
    await page.evaluate(async settled => {
        const { watchActivity } = await import("/dist/core/session/autoLogout.js");
        const { natives } = await import("/dist/core/natives.js");
        Object.assign(window, { calls: 0, questions: 0, ticks: [], set: 0, known: 0 });
        const { safe } = await import("/dist/page/safe.js");
        const clocks = { ...natives, safe, now: () => natives.now() + window.set - window.known };
        const settle = async () => {
            window.questions++;
            if (settled === null) {
                throw new Error("unreachable");
            }
            window.known = settled;
        };
        const logOut = () => (++window.calls < 3 ? Promise.reject(new Error("refused")) : new Promise(() => {}));
        watchActivity(clocks, "test", () => 60, left => window.ticks.push(left), settle, logOut);
    }, settled);
    return page;
}

const read = (page, name) => page.evaluate(name => window[name], name);

test("a logout that fails is tried again, one that is under way is not", async () => {
    const page = await watch();
    await page.clock.runFor(58_000);
    assert.equal(await read(page, "calls"), 0);
    await page.clock.runFor(12_000);
    assert.equal(await read(page, "calls"), 3);
    assert.equal(await read(page, "questions"), 0, "the time was certain");
    await page.close();
});

test("a clock that is set ahead logs no active user out", async () => {
    const page = await watch({ settled: 7_200_000 });
    await page.clock.runFor(10_000);
    await page.evaluate(() => (window.set = 7_200_000));
    await page.clock.runFor(10_000);
    assert.equal(await read(page, "calls"), 0);
    assert.equal(await read(page, "questions"), 1);
    assert.ok((await read(page, "ticks")).every(left => left > 30), "and nobody is shown that the time is over");
    await page.clock.runFor(50_000);
    assert.equal(await read(page, "calls"), 3, "a user who does nothing is logged out in time");
    await page.close();
});

test("a user who was away while the machine slept is logged out, once the server has told the time", async () => {
    const page = await watch();
    await page.clock.runFor(10_000);
    // The monotonic clock has not counted the sleep.
    await page.evaluate(() => (window.set = 3_600_000));
    await page.clock.runFor(5_000);
    assert.equal(await read(page, "questions") > 0, true);
    assert.ok(await read(page, "calls") > 0);
    await page.close();
});

test("while the server can't be asked, nobody is logged out, and it is asked every half minute", async () => {
    const page = await watch({ settled: null });
    await page.clock.runFor(10_000);
    await page.evaluate(() => (window.set = 3_600_000));
    await page.clock.runFor(45_000);
    assert.equal(await read(page, "questions"), 2);
    assert.equal(await read(page, "calls"), 0);
    await page.close();
});

test("what another tab has said while this one was frozen counts before the logout", async () => {
    const page = await watch();
    await page.clock.runFor(10_000);
    // Timers that are due come first, messages that wait come after them.
    await page.clock.fastForward(3_600_000);
    await page.evaluate(() => new BroadcastChannel("test").postMessage(0));
    await page.clock.runFor(20_000);
    assert.equal(await read(page, "calls"), 0);
    await page.close();
});
