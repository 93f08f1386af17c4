// Wrong options give one sentence that names the value and what to do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browserRuntimeFreeze } from "../../dist/browser-runtime-freeze.js";
import { countersign, oidcSpa } from "../../dist/vite-plugin/index.js";

test("the plugin has two names", () => {
    assert.equal(countersign, oidcSpa);
    assert.equal(oidcSpa().name, "countersign");
});

for (const options of [
    undefined,
    {},
    { DPoP: false, browserRuntimeFreeze: false, sessionRestorationMethod: "iframe" },
    { DPoP: { enabled: false }, browserRuntimeFreeze: { enabled: false } },
    { DPoP: { enabled: true, mode: "enforced" }, browserRuntimeFreeze: { enabled: true, excludes: ["fetch", "WebSocket"] } }
]) {
    test(`good options: ${JSON.stringify(options)}`, () => void oidcSpa(options));
}

for (const options of [
    { tokenSubstitution: false },
    { tokenSubstitution: undefined },
    { tokenSubstitution: null },
    { tokenSubstitution: { enabled: false } },
    { enableTokenExfiltrationDefense: false, freezeFetch: false, freezeXMLHttpRequest: false, freezeWebSocket: false }
]) {
    test(`what is refused only when it is on may be off: ${JSON.stringify(options)}`, () => void oidcSpa(options));
}

const page = options => {
    const plugin = oidcSpa(options);
    plugin.configResolved({ plugins: [], publicDir: "", base: "/", logger: { warn() {} } });
    return plugin.transformIndexHtml.handler('<script src="a.js" type="module"></script>', { path: "/index.html", filename: "/r/index.html" });
};

for (const [options, same] of [
    [{ DPoP: null, browserRuntimeFreeze: null, sessionRestorationMethod: null, BASE_URL: null, webAssembly: null, issuerUri: null, dpop: null }, {}],
    [{ DPoP: { enabled: false, mode: null } }, { DPoP: { enabled: false } }],
    [{ browserRuntimeFreeze: { enabled: true, excludes: null, promises: null } }, { browserRuntimeFreeze: { enabled: true } }]
]) {
    test(`null is not given: ${JSON.stringify(options)}`, () => assert.deepEqual(page(options), page(same)));
}

for (const [options, sentence] of [
    [null, "countersign: oidcSpa() takes an object, not null."],
    [{ tokenSubstitution: { enabled: true } }, 'countersign: oidcSpa() has no option "tokenSubstitution": it is not included. Remove it; with DPoP, a stolen token is worthless.'],
    [{ tokenSubstitution: true }, 'countersign: oidcSpa() has no option "tokenSubstitution": it is not included. Remove it; with DPoP, a stolen token is worthless.'],
    [{ webAssembley: false }, 'countersign: oidcSpa() has no option "webAssembley", only "browserRuntimeFreeze", "DPoP", "sessionRestorationMethod", "BASE_URL", "webAssembly", "issuerUri".'],
    [{ dpop: { enabled: true } }, 'countersign: oidcSpa() has no option "dpop", only "browserRuntimeFreeze", "DPoP", "sessionRestorationMethod", "BASE_URL", "webAssembly", "issuerUri".'],
    [{ DPoP: true }, "countersign: DPoP takes an object, not true."],
    [{ DPoP: { mode: "auto" } }, "countersign: DPoP.enabled must be true or false, not undefined."],
    [{ DPoP: { enabled: true } }, 'countersign: DPoP.mode must be "auto" or "enforced", not undefined.'],
    [{ DPoP: { enabled: true, mode: "on" } }, 'countersign: DPoP.mode must be "auto" or "enforced", not "on".'],
    [{ DPoP: { enabled: true, mode: "auto", alg: "ES256" } }, 'countersign: DPoP has no option "alg", only "enabled", "mode".'],
    [{ browserRuntimeFreeze: { enabled: 1 } }, "countersign: browserRuntimeFreeze.enabled must be true or false, not 1."],
    [{ browserRuntimeFreeze: { enabled: true, excludes: "fetch" } }, 'countersign: browserRuntimeFreeze.excludes must be an array of names, not "fetch".'],
    [{ BASE_URL: "./" }, 'countersign: BASE_URL must be a path like "/" or "/app/", not "./".'],
    [{ sessionRestorationMethod: "popup" }, 'countersign: sessionRestorationMethod must be "auto", "iframe" or "full page redirect", not "popup".']
]) {
    test(`bad options: ${JSON.stringify(options)}`, () => assert.throws(() => oidcSpa(options), { name: "TypeError", message: sentence }));
}

test("an unknown name in excludes is named", () => {
    const known = /^countersign: browserRuntimeFreeze.excludes must be "XMLHttpRequest", .*, not "fetsh"\.$/;
    assert.throws(() => oidcSpa({ browserRuntimeFreeze: { enabled: true, excludes: ["fetsh"] } }), { message: known });
    assert.throws(() => browserRuntimeFreeze({ excludes: ["fetsh"] }), { message: /^countersign: browserRuntimeFreeze\(\) knows no API "fetsh"; known are XMLHttpRequest, / });
    assert.throws(() => browserRuntimeFreeze({ exclude: [] }), { message: 'countersign: browserRuntimeFreeze() has no option "exclude", only "excludes" and "promises".' });
});

for (const [options, today] of [
    [{ browserRuntimeFreeze: { enabled: true, exclude: ["fetch"] } }, 'browserRuntimeFreeze has no option "exclude"; today it is excludes.'],
    [{ freezeFetch: true }, 'oidcSpa() has no option "freezeFetch"; today it is browserRuntimeFreeze: { enabled: true }.'],
    [{ enableTokenExfiltrationDefense: true }, 'oidcSpa() has no option "enableTokenExfiltrationDefense"; today it is browserRuntimeFreeze: { enabled: true }.']
]) {
    test(`a former name is told what it is today: ${JSON.stringify(options)}`, () =>
        assert.throws(() => oidcSpa(options), { name: "TypeError", message: `countersign: ${today}` }));
}

test("every base of Vite is fine", () => {
    for (const base of [undefined, "/", "/app/", "app/", "https://app.example/app/", "./", "", "../app/"]) {
        assert.ok(oidcSpa().config({ base }));
    }
});
