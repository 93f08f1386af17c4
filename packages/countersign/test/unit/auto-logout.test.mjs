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

test("a logout that fails is tried again, one that is under way is not", async () => {
    const page = await browser.newPage();
    await page.clock.install();
    await page.goto(server.origin);
    await page.evaluate(async () => {
        const { watchActivity } = await import("/dist/core/session/autoLogout.js");
        const { natives } = await import("/dist/core/natives.js");
        window.calls = 0;
        const logOut = () => (++window.calls < 3 ? Promise.reject(new Error("refused")) : new Promise(() => {}));
        watchActivity(natives, "test", () => 60, () => {}, logOut);
    });
    await page.clock.runFor(58_000);
    assert.equal(await page.evaluate(() => window.calls), 0);
    await page.clock.runFor(10_000);
    assert.equal(await page.evaluate(() => window.calls), 3);
    await page.close();
});
