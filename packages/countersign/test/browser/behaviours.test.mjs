/**
 * A page with Countersign behaves like a page without it, except for the two headers: more than 400 behaviours of `fetch`
 * and `XMLHttpRequest` run in both, and what page and servers have seen is compared. Pages with Countersign call without its
 * token, with it, and where they are challenged at each call; with a fake engine, as in the unit tests, and with its own.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browserName, launch } from "./harness/drivers/index.mjs";
import { differences } from "./harness/differences.mjs";
import { observe } from "./harness/observe.mjs";
import { explained, missing } from "./behaviours/differences.mjs";

const KINDS = {
    "a call without our token": { token: "other" },
    "a call with our token": { token: "bound-1" },
    "a call that is challenged": { token: "bound-1", query: "&challenge=1" },
    "a call with our token, signed by the engine": { isReal: true },
    "a call that is challenged, signed by the engine": { isReal: true, query: "&challenge=1" }
};

let all;
before(async () => {
    const browser = await launch();
    after(() => browser.close());
    const [native, ...others] = await Promise.all([
        observe(browser, { isNative: true, token: "other" }),
        ...Object.values(KINDS).map(options => observe(browser, options))
    ]);
    all = { native, ...Object.fromEntries(Object.keys(KINDS).map((title, i) => [title, others[i]])) };
});

test("there are more than 400 behaviours, and each ends", () => {
    const names = Object.keys(all.native);
    assert.ok(names.length > 400 || process.env.ONLY, String(names.length));
    for (const [name, { page }] of Object.entries(all.native)) {
        assert.ok(page !== "no end" && !String(page).startsWith("threw "), `${name}: ${page}`);
    }
});

for (const title of Object.keys(KINDS)) {
    const [kind] = title.split(",");
    test(`page and servers see no difference: ${title}`, () => {
        const found = differences(all[title], all.native);
        found.assertOnly(name => explained(name, browserName, kind));
        process.env.ONLY || assert.deepEqual(missing(found.names, browserName, kind), [], "documented differences that are none any more");
    });
}
