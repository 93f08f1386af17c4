/**
 * A page with Countersign behaves like a page without it, except for the two headers: more than 400 behaviours of `fetch`
 * and `XMLHttpRequest` run in both, and what page and servers have seen is compared. Three pages have Countersign: one
 * calls without its token, one with it, and one is challenged at each call.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage } from "../unit/support/page.mjs";
import { launch } from "./harness/drivers/index.mjs";
import { EchoServer } from "./harness/echo-server.mjs";
import { explained } from "./behaviours/differences.mjs";

/** Runs all behaviours in a page of its own, with servers of its own. */
async function observe(browser, { isNative = false, token, query = "" }) {
    const server = await EchoServer.start();
    const context = await browser.newContext();
    try {
        let page;
        if (isNative) {
            page = await context.newPage();
            await page.goto(server.origin);
        } else {
            page = await openPage(context, server);
        }
        const seen = await page.evaluate(
            async ([argument]) => {
                const { names, run } = await import("/behaviours/index.js");
                return JSON.stringify({ names, pages: await run(argument) });
            },
            [{ token, far: server.far, query, only: process.env.ONLY ?? "" }]
        );
        const { names, pages } = JSON.parse(anonymous(seen, server, query));
        const taken = JSON.parse(anonymous(JSON.stringify(server.taken()), server, query));
        return Object.fromEntries(
            names.flatMap((name, i) => (name in pages ? [[name, { page: pages[name], servers: IS_RACE.test(name) ? "a race" : (taken[i] ?? []) }]] : []))
        );
    } finally {
        await context.close();
        await server.close();
    }
}

/** Whether a request that is aborted at once reaches the server is not decided by the page. */
const IS_RACE = /aborted (at once|twice|under way)|connection that is cut|fails: cut|abort\(\) (at once|in the next turn|inside loadstart)|open\(\) again|send\(\) of what/;

/** Replaces what differs between any two runs. */
function anonymous(text, { origin, far }, query) {
    const ports = { ORIGIN: new URL(origin).port, FAR: new URL(far).port };
    for (const [name, port] of Object.entries(ports)) {
        text = text.replaceAll(new RegExp(`localhost(:|%3A)${port}`, "g"), name);
    }
    return text.replaceAll(/blob:http:\/\/ORIGIN\/[-0-9a-f]+/g, "blob:").replaceAll(query || "\0", "");
}

let all;
before(async () => {
    const browser = await launch();
    after(() => browser.close());
    const [native, without, bound, challenged] = await Promise.all([
        observe(browser, { isNative: true, token: "other" }),
        observe(browser, { token: "other" }),
        observe(browser, { token: "bound-1" }),
        observe(browser, { token: "bound-1", query: "&challenge=1" })
    ]);
    all = { native, "a call without our token": without, "a call with our token": bound, "a call that is challenged": challenged };
});

test("there are more than 400 behaviours, and each ends", () => {
    const names = Object.keys(all.native);
    assert.ok(names.length > 400 || process.env.ONLY, String(names.length));
    for (const [name, { page }] of Object.entries(all.native)) {
        assert.ok(page !== "no end" && !String(page).startsWith("failed:"), `${name}: ${page}`);
    }
});

for (const kind of ["a call without our token", "a call with our token", "a call that is challenged"]) {
    test(`page and servers see no difference: ${kind}`, () => {
        const found = [];
        for (const [name, native] of Object.entries(all.native)) {
            try {
                assert.deepEqual(all[kind][name], native);
            } catch (error) {
                explained(name, kind) || found.push(`${name}\n${error.message.split("\n").slice(1).join("\n")}`);
            }
        }
        assert.equal(found.length, 0, `${found.length} differences:\n${found.join("\n\n")}`);
    });
}
