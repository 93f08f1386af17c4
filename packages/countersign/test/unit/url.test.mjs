// What early init reads out of the URL and out of what was kept across a redirect.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readRecord, readResponse, rootRelative } from "../../dist/entry/url.js";

const ORIGIN = "https://app.example";

test("a response is recognised by our state on any page, in query or fragment, and taken out", () => {
    for (const [path, response, rest] of [
        ["/?code=c&state=cs.s&iss=https%3A%2F%2Flogin.example", { code: "c", state: "cs.s", iss: "https://login.example" }, "/"],
        ["/a/b?x=1&code=c&state=cs.s&session_state=t#top", { x: "1", code: "c", state: "cs.s", session_state: "t" }, "/a/b?x=1#top"],
        ["/a?x=1#state=cs.s&code=c", { code: "c", state: "cs.s" }, "/a?x=1"],
        ["/#state=cs.s&error=login_required&error_description=no+session", { state: "cs.s", error: "login_required", error_description: "no session" }, "/"],
        ["/?state=cs.logout", { state: "cs.logout" }, "/"],
        // What is put into the address bar must not be another host's URL: replaceState would throw.
        ["//evil.example/?state=cs.s&code=c", { state: "cs.s", code: "c" }, "/evil.example/"],
        ["/\\evil.example/a#state=cs.s&code=c", { state: "cs.s", code: "c" }, "/evil.example/a"],
        ["/?kc_action_status=success&state=cs.s&code=c", { kc_action_status: "success", state: "cs.s", code: "c" }, "/?kc_action_status=success"]
    ]) {
        const found = readResponse(ORIGIN + path);
        assert.deepEqual({ ...found, response: Object.fromEntries(found.response) }, { response, state: response.state, rest }, path);
    }
});

test("a parameter that comes twice is handed over twice: the engine refuses it", () => {
    const { response, state, rest } = readResponse(`${ORIGIN}/?code=a&state=cs.s&code=b&state=cs.t`);
    assert.deepEqual(response, [["code", "a"], ["state", "cs.s"], ["code", "b"], ["state", "cs.t"]]);
    assert.deepEqual([state, rest], ["cs.s", "/"]);
});

test("the URL of an app that uses such names itself is left alone", () => {
    for (const path of [
        "/",
        "/?code=c",
        "/?code=c&state=other",
        "/?state=cs.s",
        "/?state=xcs.s&code=c",
        "/#/route?state=cs.s&code=c",
        // An authorization request that passes through, not a response.
        "/?client_id=a&response_type=code&state=cs.s&redirect_uri=https%3A%2F%2Fapp.example"
    ]) {
        assert.equal(readResponse(ORIGIN + path), undefined, path);
    }
});

test("a page is restored only within its own origin", () => {
    for (const [url, expected] of [
        ["/notes?sort=date#last", "/notes?sort=date#last"],
        ["https://app.example/a", "/a"],
        ["notes", "/notes"],
        ["", "/"],
        ["https://evil.example/a", undefined],
        ["https://app.example:8443/a", undefined],
        ["http://app.example/a", undefined],
        ["//evil.example/a", undefined],
        ["/\\evil.example/a", undefined],
        ["\\\\evil.example", undefined],
        ["https://app.example//evil.example", "/evil.example"],
        ["javascript:alert(1)", undefined],
        ["data:text/html,x", undefined],
        ["https://", undefined]
    ]) {
        assert.equal(rootRelative(url, ORIGIN), expected, url);
    }
});

test("a record that is no record is none", () => {
    const record = { state: "cs.s", url: "/a", client: "k" };
    assert.deepEqual({ ...readRecord(JSON.stringify(record)) }, record);
    for (const text of [null, undefined, "", "{", "null", "1", "[]", '{"state":"cs.s"}', '{"state":1,"url":"/"}', '{"url":"/"}']) {
        assert.equal(readRecord(text), undefined, String(text));
    }
});
