// The URL that `extractRequestAuthContext` takes from a request is that of the route that runs, or
// none: a proof for one route never opens another.
import assert from "node:assert/strict";
import { test } from "node:test";

const { extractRequestAuthContext } = await import("../../dist/server.js");

const HEADERS = { authorization: "DPoP a.b.c", dpop: "proof", host: "api.example.com" };
const node = (url, headers = {}) => ({ method: "GET", url, headers: { ...HEADERS, ...headers }, socket: {} });
const unified = pseudoHeaders => ({
    type: "unified",
    method: "GET",
    pseudoHeaders: { ":scheme": "https", ":authority": "api.example.com", ":path": "/low", ...pseudoHeaders },
    headers: { Authorization: "DPoP a.b.c", DPoP: "proof" }
});
const htu = (request, more = {}) => {
    const context = extractRequestAuthContext({ request, trustProxy: false, ...more });
    return context.isWellFormed ? context.accessTokenAndMetadata.expectedHtu : context.debugErrorMessage;
};

test("a path with dot segments, or that is none, is refused, with and without publicUrl", () => {
    for (const publicUrl of [undefined, "https://api.example.com"]) {
        for (const path of [
            "/admin/../low", "/admin/..", "/admin/.", "/./low", "/..", "/admin/%2e%2e/low", "/admin/%2E./low", "/admin/.%2e/low?x", "/%2e/low",
            "http://api.example.com/admin/../low", "*", "low", "", "?x", ".example/low", ":80/low", "@evil.example/low", "mailto:x"
        ]) {
            assert.match(htu(node(path), { publicUrl }), /^The path of the request/, path);
            assert.match(htu({ ...node("/low"), originalUrl: path }, { publicUrl }), /^The path of the request/, path);
            assert.match(htu({ raw: node(path) }, { publicUrl }), /^The path of the request/, path);
            assert.match(htu(unified({ ":path": path }), { publicUrl }), /^The path of the request/, path);
        }
        const raw = url => ({ url, method: "GET", headers: { get: name => HEADERS[name.toLowerCase()] ?? null } });
        assert.match(htu(raw("https://api.example.com/admin/../low"), { publicUrl }), /^The path of the request/);
        assert.match(htu(raw("/low"), { publicUrl }), /^The URL of the request/);
        assert.match(htu(unified({ ":path": undefined }), { publicUrl }), /^The path of the request/);
    }
    assert.equal(htu(node("/a/.../..b/.c")), "http://api.example.com/a/.../..b/.c");
});

test("of a target in absolute form, the path counts, as to the engine", () => {
    const publicUrl = "https://api.example.co";
    for (const [target, path] of [
        ["http://evil.example/admin?x", "/admin"],
        ["m://foo/admin", "/admin"],
        ["http://evil.example", "/"],
        ["http://evil.example?x/low", "/"],
        ["//evil/admin", "//evil/admin"]
    ]) {
        assert.equal(htu(node(target), { publicUrl }), publicUrl + path);
        assert.equal(htu(node(target)), `http://api.example.com${path}`);
    }
});

test("an authority is a host and a port, whoever names it", () => {
    for (const host of ["api.example.com/low?", "api.example.com/low#", "api.example.com?", "api.example.com#", "evil@api.example.com", "api.example.com/low/x/..;",
        "a b", "a\\b", "api.example.com:", "api.example.com:x", "[::1", "api.example.com:80:80", "api.example.com%2flow"]) {
        assert.match(htu(node("/admin", { host })), /^The host of the request/, host);
        assert.match(htu(node("/admin", { "x-forwarded-host": host }), { trustProxy: true }), /^The host of the request/, host);
        assert.match(htu(node("/admin", { forwarded: `proto=https;host="${host}"` }), { trustProxy: true }), /^The host of the request/, host);
        assert.match(htu(unified({ ":authority": host })), /^The host of the request/, host);
        // They are not looked at.
        assert.equal(htu(node("/admin", { host }), { publicUrl: "https://api.example.com" }), "https://api.example.com/admin");
    }
    assert.match(htu(unified({ ":authority": undefined })), /^The host of the request/);
    for (const host of ["api.example.com", "API.example.com:8443", "127.0.0.1:80", "[::1]:3000", "[::ffff:1.2.3.4]"]) {
        assert.equal(htu(node("/low", { host })), `http://${host}/low`);
    }
});

test("a scheme is http or https, whoever names it", () => {
    for (const scheme of ["https://api.example.com/low?", "ftp", "", undefined]) {
        assert.match(htu(unified({ ":scheme": scheme })), /^The scheme of the request/, scheme);
    }
    assert.match(htu(node("/admin", { ":scheme": "https://api.example.com/low?" })), /^The scheme of the request/);
});
