/**
 * A script of the page imports every module that the page has loaded, at each moment: it finds no engine, no key, nothing
 * that it could change, and what it calls has no effect on the session.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtectedHeader } from "jose";
import { startDevApp } from "./harness/dev-app.mjs";
import { intruder } from "./harness/intruder.mjs";
import { assertBoundCall } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

/** Notes how keys are made: before early init, so that it is what early init saves. */
function noteKeys() {
    if (!isSecureContext) {
        return;
    }
    window.generated = [];
    const native = SubtleCrypto.prototype.generateKey;
    SubtleCrypto.prototype.generateKey = function (algorithm, isExtractable, usages) {
        window.generated.push(isExtractable);
        return native.call(this, algorithm, isExtractable, usages);
    };
}

/** The script stands behind the module script of early init in the page, as one that a bad dependency has added. */
async function intrudeAfterEarlyInit(world) {
    world.app.editPage = html => html.replace("</body>", '<script type="module">window.intrusion = window.intrude();</script></body>');
    await world.open();
    await world.page.evaluate(() => window.intrusion);
}

function settle() {
    const result = {};
    result.promise = new Promise(resolve => (result.resolve = resolve));
    return result;
}

/** Holds the answers to requests for this page's URLs back until the script has done its work. */
async function intrudeWhileHeld(world, isHeld) {
    const release = settle();
    const asked = settle();
    await world.page.route(isHeld, async route => {
        asked.resolve();
        await release.promise;
        await route.continue();
    });
    const opened = world.page.goto(world.app.origin);
    await asked.promise;
    await world.page.evaluate(() => window.intrude());
    release.resolve();
    await opened;
    await world.page.unroute(isHeld);
}

const isCore = url => /\/(?:start|engine)(?:-[\w-]+)?\.js/.test(url.pathname);
const isDiscovery = url => url.pathname.startsWith("/.well-known/openid-configuration");

/** Nothing was found, and a call goes out bound to the key of the session. */
async function assertSafe(world, frame = world.page) {
    const isLoggedIn = await world.page.evaluate(() => window.harness?.oidcs.get("main")?.isUserLoggedIn === true);
    const token = isLoggedIn ? (await world.tokens()).accessToken : undefined;
    const { keys, changed, engines, strings, urls, visited } = await frame.evaluate(token => window.report(token), token);
    assert.ok(urls > 0 && visited > 10, `the script saw something: ${urls} modules, ${visited} values`);
    assert.deepEqual({ keys, changed }, { keys: [], changed: [] });
    if (token !== undefined) {
        assert.deepEqual(engines, []);
    }
    const secrets = world.tokenRequests().flatMap(request => [request.form().code, request.form().code_verifier, request.form().refresh_token]);
    for (const [text, path] of Object.entries(strings)) {
        assert.ok(!secrets.includes(text) && text !== token, `${path} is a secret`);
        assert.ok(!isProof(text), `${path} is a proof`);
    }
    // The script's own attempts say other things than `true`.
    assert.ok(!(await world.page.evaluate(() => window.generated)).includes(true), "no key is extractable");
    if (token !== undefined) {
        for (const transport of ["fetch", "xhr"]) {
            const mark = world.api.mark();
            assert.equal((await world.call({ url: `${world.api.origin}/api/me`, transport })).status, 200);
            await assertBoundCall(world.api.list({ since: mark }).at(-1), token);
        }
    }
}

function isProof(text) {
    try {
        return decodeProtectedHeader(text).typ === "dpop+jwt";
    } catch {
        return false;
    }
}

const MOMENTS = {
    "right after early init": intrudeAfterEarlyInit,
    "before the core is there": world => intrudeWhileHeld(world, isCore),
    "while createOidc is pending": world => intrudeWhileHeld(world, isDiscovery),
    "before the first login": async world => {
        await world.open();
        await world.page.evaluate(() => window.intrude());
    }
};

const VARIANTS = ["plugin", "manual"].flatMap(setup => [
    { setup, isDev: false, freeze: true },
    { setup, isDev: true, freeze: true },
    { setup, isDev: false, freeze: false }
]);

for (const { setup, isDev, freeze } of VARIANTS) {
    const where = `${isDev ? "Vite's dev server" : "the built app"}, ${setup}, freeze ${freeze ? "on" : "off"}`;
    const create = async t => {
        const variant = { setup, mode: "enforced", freeze };
        return World.create(t, {
            variant,
            ...(isDev ? { app: await startDevApp(variant) } : {}),
            initScripts: [noteKeys, intruder],
            expectedErrors: [/./]
        });
    };
    for (const [moment, intrude] of Object.entries(MOMENTS)) {
        test(`s4_modules_give_a_script_nothing ${moment} (${where})`, async t => {
            const world = await create(t);
            await intrude(world);
            await world.settled();
            await assertSafe(world);
            // The login takes the page away and back: what the script has done to the first page must not matter, either.
            assert.equal((await world.logIn()).main.isUserLoggedIn, true);
            await intrude(world);
            await world.settled();
            await assertSafe(world);
            // And again, now that there is a session.
            await world.page.evaluate(() => window.intrude());
            await assertSafe(world);
            await world.renew();
            await assertSafe(world);
        });
    }

    test(`s4_modules_give_a_script_nothing in the iframe (${where})`, async t => {
        const world = await create(t);
        await world.start();
        // As ours, but it stays.
        await world.page.evaluate(async () => {
            const frame = document.createElement("iframe");
            frame.name = "countersign";
            frame.src = "/?code=secret-code-of-the-frame&state=cs.x";
            await new Promise(resolve => {
                frame.onload = resolve;
                document.body.append(frame);
            });
        });
        const frame = (await world.page.frames()).find(one => one.name() === "countersign");
        await frame.evaluate(() => window.intrude());
        await assertSafe(world, frame);
        assert.ok(!Object.keys((await frame.evaluate(() => window.report())).strings).includes("secret-code-of-the-frame"));
    });
}
