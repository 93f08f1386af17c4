/**
 * A page with Countersign behaves like a page without it, except for the two headers: more than 400 behaviours of `fetch`
 * and `XMLHttpRequest` run in both, and what page and servers have seen is compared. Three pages have Countersign: one
 * calls without its token, one with it, and one is challenged at each call.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browserName, launch } from "./harness/drivers/index.mjs";
import { differences } from "./harness/differences.mjs";
import { observe } from "./harness/observe.mjs";
import { explained, missing } from "./behaviours/differences.mjs";

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
        assert.ok(page !== "no end" && !String(page).startsWith("threw "), `${name}: ${page}`);
    }
});

for (const kind of ["a call without our token", "a call with our token", "a call that is challenged"]) {
    test(`page and servers see no difference: ${kind}`, () => {
        const found = differences(all[kind], all.native);
        found.assertOnly(name => explained(name, browserName, kind));
        process.env.ONLY || assert.deepEqual(missing(found.names, browserName, kind), [], "documented differences that are none any more");
    });
}
