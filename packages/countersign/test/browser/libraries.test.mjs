/**
 * Libraries that patch `fetch` and `XMLHttpRequest` (zone.js, Sentry's SDK, MSW's interceptors), loaded before and after
 * early init: all behaviours are compared with a page that has the library alone. Where a library that was loaded before
 * changes what the platform does, the platform's own behaviour is right, too: our functions stand in front of its.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { bundle } from "./harness/bundle.mjs";
import { differences } from "./harness/differences.mjs";
import { browserName, launch } from "./harness/drivers/index.mjs";
import { observe } from "./harness/observe.mjs";
import { explained, explainedBeside } from "./behaviours/differences.mjs";

let browser;
before(async () => {
    browser = await launch();
});
after(() => browser?.close());

for (const library of ["zone", "sentry", "interceptors"]) {
    test(`page and servers see no difference beside ${library}`, async t => {
        const script = await bundle(library);
        const [plain, native, first, last] = await Promise.all([
            observe(browser, { isNative: true, token: "other" }),
            observe(browser, { isNative: true, token: "other", library: script }),
            observe(browser, { token: "bound-1", library: script, order: "before" }),
            observe(browser, { token: "bound-1", library: script, order: "after" })
        ]);
        await t.test("loaded before", () => {
            const isPlatform = name => isDeepStrictEqual(first[name], plain[name]);
            differences(first, native, isPlatform).assertOnly(name => explainedBeside(name, browserName, library));
        });
        await t.test("loaded after", () => {
            differences(last, native).assertOnly(name => explained(name, browserName));
        });
    });
}

for (const library of ["axios", "angular", "tus", "sentry", "interceptors"]) {
    test(`what ${library} does with its calls is the same`, async () => {
        const script = await bundle(library);
        const common = { library: script, used: library };
        const [native, without, bound, challenged] = await Promise.all([
            observe(browser, { ...common, isNative: true, token: "other" }),
            observe(browser, { ...common, token: "other" }),
            observe(browser, { ...common, token: "bound-1" }),
            observe(browser, { ...common, token: "bound-1", query: "&challenge=1" })
        ]);
        for (const [name, { page }] of Object.entries(native)) {
            assert.ok(page !== "no end" && !String(page).startsWith("threw "), `${name}: ${page}`);
        }
        for (const seen of [without, bound, challenged]) {
            differences(seen, native).assertOnly(() => false);
        }
    });
}
