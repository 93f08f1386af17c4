// Early init in real Chromium, on the compiled modules: its options, the URL it leaves behind, the hidden iframe.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, startServer } from "./support/page.mjs";

let browser, server;
before(async () => {
    browser = await launch();
    server = await startServer(() => ({ headers: { "content-type": "text/html" }, body: "<!doctype html><title>app</title>" }));
});
after(async () => {
    await browser?.close();
    await server?.close();
});

/** A page at `path`, with a record in sessionStorage as `login` leaves it. */
async function openAt(t, path, record) {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    if (record !== undefined) {
        await page.goto(server.origin);
        await page.evaluate(text => sessionStorage.setItem("countersign", text), record);
    }
    await page.goto(server.origin + path);
    return page;
}

const init = (page, params) =>
    page.evaluate(async params => {
        const { oidcEarlyInit } = await import("/dist/entrypoint.js");
        try {
            return oidcEarlyInit(params);
        } catch (error) {
            return `${error.name}: ${error.message}`;
        }
    }, params);

const where = page => page.url().slice(server.origin.length);

test("createOidc without early init says what is missing", async t => {
    const page = await openAt(t, "/");
    const failure = await page.evaluate(async () => {
        const { createOidc } = await import("/dist/core.js");
        return createOidc({ issuerUri: "https://login.example", clientId: "app" }).catch(({ name, code, message }) => ({ name, code, message }));
    });
    assert.equal(failure.name, "OidcInitializationError");
    assert.equal(failure.code, "early_init_missing");
    // Both causes, and what to do about them.
    assert.match(failure.message, /vite-plugin is not in the Vite configuration, or it found no HTML page.*; add the plugin, or call oidcEarlyInit\(\) of "countersign\/entrypoint" before/);
});

for (const [name, call, expected] of [
    ["a bad BASE_URL", ({ oidcEarlyInit }) => oidcEarlyInit({ BASE_URL: "./" }), 'countersign: BASE_URL must be a path like "/" or "/app/", not "./".'],
    ["a defense that is not ours", ({ oidcEarlyInit }) => oidcEarlyInit({ securityDefenses: { enableDPoP: () => {} } }), "countersign: enableDPoP must be that of DPoP()."],
    ["whatever a defense throws", ({ oidcEarlyInit }) => oidcEarlyInit({ securityDefenses: { enableBrowserRuntimeFreeze: () => { throw new RangeError("no"); } } }), "no"]
]) {
    test(`createOidc reports what early init threw: ${name}`, async t => {
        const page = await openAt(t, "/");
        const failure = await page.evaluate(async call => {
            const early = await import("/dist/entrypoint.js");
            const { createOidc } = await import("/dist/core.js");
            const thrown = (() => { try { eval(call)(early); } catch (error) { return error; } })();
            const error = await createOidc({ issuerUri: "https://login.example", clientId: "app" }).catch(error => error);
            return { name: error.name, message: error.message, isCause: error.cause === thrown };
        }, String(call));
        assert.deepEqual(failure, { name: "OidcInitializationError", message: expected, isCause: true });
    });
}

test("a call of early init that succeeds after one that threw is what counts", async t => {
    const page = await openAt(t, "/");
    assert.match(await init(page, { BASE_URL: "./" }), /^TypeError/);
    assert.deepEqual(await init(page, { BASE_URL: "/" }), { shouldLoadApp: true });
    const code = await page.evaluate(async () => (await import("/dist/core.js")).createOidc({ issuerUri: "nowhere", clientId: "app" }).catch(error => error.code));
    assert.equal(code, "option_invalid");
});

test("early init may also stand in the module that makes the client", async t => {
    const page = await openAt(t, "/?code=c&state=cs.a");
    const result = await page.evaluate(async () => {
        const { createOidc, oidcEarlyInit } = await import("/dist/core.js");
        const { shouldLoadApp } = oidcEarlyInit({ BASE_URL: "/" });
        return [shouldLoadApp, await createOidc({ issuerUri: "nowhere", clientId: "app" }).catch(error => error.code)];
    });
    assert.deepEqual(result, [true, "option_invalid"], "no longer early_init_missing");
    assert.equal(where(page), "/", "the response is taken out");
});

test("unknown options are one sentence that names them", async t => {
    const page = await openAt(t, "/");
    assert.match(await init(page, { baseUrl: "/" }), /^TypeError: countersign: oidcEarlyInit\(\) has no option "baseUrl"/);
    assert.match(await init(page, { securityDefenses: { enableTokenSubstitution: 1 } }), /securityDefenses has no option "enableTokenSubstitution"/);
    assert.match(await init(page, { sessionRestorationMethod: "popup" }), /"auto", "iframe" or "full page redirect", not "popup"\.$/);
    for (const BASE_URL of ["./", ".", "app/", 5]) {
        const sentence = `TypeError: countersign: BASE_URL must be a path like "/" or "/app/", not ${JSON.stringify(BASE_URL)}.`;
        assert.equal(await init(page, { BASE_URL }), sentence);
    }
    assert.deepEqual(await init(page, { BASE_URL: "/" }), { shouldLoadApp: true }, "a refused call has changed nothing");
    assert.deepEqual(await init(page, undefined), { shouldLoadApp: true }, "a second call returns the same");
});

for (const params of [
    { BASE_URL: null, sessionRestorationMethod: null, securityDefenses: null },
    { securityDefenses: { enableTokenSubstitution: false } },
    { securityDefenses: { enableTokenSubstitution: undefined, anything: null } },
    { securityDefenses: { enableDPoP: false, enableBrowserRuntimeFreeze: false } },
    { securityDefenses: { enableDPoP: null, enableBrowserRuntimeFreeze: undefined } }
]) {
    test(`null is not given, and what is false is off: ${JSON.stringify(params)}`, async t => {
        const page = await openAt(t, "/");
        assert.deepEqual(await init(page, params), { shouldLoadApp: true });
    });
}

test("null is not given in the defenses' own options", async t => {
    const page = await openAt(t, "/");
    const result = await page.evaluate(async () => {
        const { browserRuntimeFreeze } = await import("/dist/browser-runtime-freeze.js");
        const { DPoP } = await import("/dist/DPoP.js");
        const made = { ...browserRuntimeFreeze({ excludes: null, promises: null, exclude: undefined }), ...DPoP({ mode: "auto", alg: false }) };
        return Object.keys(made);
    });
    assert.deepEqual(result, ["enableBrowserRuntimeFreeze", "enableDPoP"]);
});

test("enableDPoP of securityDefenses has to be that of DPoP(), so that DPoP is never silently off", async t => {
    const page = await openAt(t, "/");
    const message = await page.evaluate(async () => {
        const { oidcEarlyInit } = await import("/dist/entrypoint.js");
        const { DPoP } = await import("/dist/DPoP.js");
        try {
            oidcEarlyInit({ securityDefenses: { enableDPoP: () => void DPoP({ mode: "auto" }).enableDPoP() } });
        } catch (error) {
            return `${error.name}: ${error.message}`;
        }
    });
    assert.equal(message, "TypeError: countersign: enableDPoP must be that of DPoP().");
});

test("a second copy of early init throws, whatever its options", async t => {
    const page = await openAt(t, "/");
    assert.deepEqual(await init(page, { BASE_URL: "/" }), { shouldLoadApp: true });
    const failure = await page.evaluate(async () => {
        const { oidcEarlyInit } = await import("/dist/entrypoint.js?copy");
        const { takePage } = await import("/dist/handover.js");
        const catching = act => {
            try {
                act();
            } catch ({ name, code }) {
                return [name, code];
            }
        };
        // What hands over is given out once, also by the first copy.
        return [catching(() => oidcEarlyInit({ BASE_URL: "/" })), catching(() => takePage())];
    });
    assert.deepEqual(failure[1], ["OidcInitializationError", "second_copy"]);
    // The query does not reach what the copy imports, so this one shares its mark and its hands are as empty.
    assert.deepEqual(failure[0], ["OidcInitializationError", "second_copy"]);
});

for (const params of [undefined, { BASE_URL: null }]) test(`without BASE_URL at either place, createOidc says so: ${JSON.stringify(params)}`, async t => {
    const page = await openAt(t, "/");
    await init(page, params);
    const code = await page.evaluate(async () => {
        const { createOidc } = await import("/dist/core.js");
        return createOidc({ issuerUri: "https://login.example", clientId: "app" }).catch(error => error.code);
    });
    assert.equal(code, "base_url_missing");
});

for (const [name, path, record, expected, isKept = false] of [
    ["the page is back where the user was", "/?code=c&state=cs.a", { state: "cs.a", url: "/notes?x=1#y" }, "/notes?x=1#y"],
    ["also from the fragment", "/#code=c&state=cs.a", { state: "cs.a", url: "/notes" }, "/notes"],
    ["a response without a record is taken out all the same", "/p?x=1&code=c&state=cs.a", undefined, "/p?x=1"],
    ["so is one that answers another record", "/?code=c&state=cs.a", { state: "cs.b", url: "/notes" }, "/", true],
    ["a record cannot lead to another site", "/?code=c&state=cs.a", { state: "cs.a", url: "//evil.example/x" }, "/"],
    ["a crafted link does not keep the app from starting", "//x/?code=c&state=cs.a", undefined, "/x/"],
    ["a URL without a response stays", "/p?state=other&code=c#f", { state: "cs.a", url: "/notes" }, "/p?state=other&code=c#f", true],
    ["a silent attempt without an answer is forgotten", "/p", { state: "cs.a", url: "/notes", isSilent: true }, "/p"]
]) {
    test(`${name}: ${path}`, async t => {
        const page = await openAt(t, path, record && JSON.stringify(record));
        const length = await page.evaluate(() => history.length);
        assert.deepEqual(await init(page, { BASE_URL: "/" }), { shouldLoadApp: true });
        assert.equal(where(page), expected);
        assert.equal(await page.evaluate(() => history.length), length, "no entry is added");
        const left = await page.evaluate(() => sessionStorage.getItem("countersign"));
        assert.equal(left !== null, isKept, "a record is used once, and only another state's stays");
    });
}

test("in the hidden iframe the response goes to the page and the app is not loaded", async t => {
    const page = await openAt(t, "/");
    const [detail, inFrame] = await page.evaluate(async origin => {
        const frame = document.createElement("iframe");
        frame.name = "countersign";
        frame.src = `${origin}/?code=c&state=cs.a&iss=i`;
        const told = new Promise(resolve => frame.addEventListener("countersign", event => resolve(Object.fromEntries(event.detail))));
        await new Promise(resolve => {
            frame.onload = resolve;
            document.body.append(frame);
        });
        const result = await frame.contentWindow.eval(
            `import("/dist/entrypoint.js").then(({ oidcEarlyInit }) => oidcEarlyInit({ securityDefenses: { enableDPoP: () => { throw new Error("not here"); } } }))`
        );
        return [await told, result.shouldLoadApp];
    }, server.origin);
    assert.deepEqual(detail, { code: "c", state: "cs.a", iss: "i" });
    assert.equal(inFrame, false);
});

test("an app that somebody else framed logs in as any other", async t => {
    const page = await openAt(t, "/");
    const shouldLoadApp = await page.evaluate(async origin => {
        const frame = document.createElement("iframe");
        frame.src = `${origin}/?code=c&state=cs.a`;
        await new Promise(resolve => {
            frame.onload = resolve;
            document.body.append(frame);
        });
        const result = await frame.contentWindow.eval(`import("/dist/entrypoint.js").then(({ oidcEarlyInit }) => oidcEarlyInit())`);
        return [result.shouldLoadApp, frame.contentWindow.location.search];
    }, server.origin);
    assert.deepEqual(shouldLoadApp, [true, ""]);
});
