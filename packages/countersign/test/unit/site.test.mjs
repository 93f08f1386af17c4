// Where `sessionRestorationMethod: "auto"` takes the iframe.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameSite } from "../../dist/core/navigation/site.js";

test("app and authorization server share a site by host, or by the last two labels", () => {
    for (const [one, other, expected] of [
        ["http://localhost:9440", "http://localhost:9441/authorize", true],
        ["https://app.example.com", "https://login.example.com/authorize", true],
        ["https://example.com", "https://login.example.com/authorize", true],
        ["https://app.example.com", "https://app.example.com:8443", true],
        ["http://127.0.0.1:1", "http://127.0.0.1:2", true],
        ["http://[::1]:1", "http://[::1]:2", true],
        ["http://localhost", "http://127.0.0.1", false],
        ["http://127.0.0.1", "http://10.0.0.1", false],
        ["http://10.1.0.1", "http://10.2.0.1", false],
        ["http://[::1]", "http://[::2]", false],
        ["https://app.example.com", "https://app.example.org", false],
        ["https://intranet", "https://login", false],
        ["http://app.example.com", "https://login.example.com", false]
    ]) {
        assert.equal(isSameSite(one, other), expected, `${one} ${other}`);
        assert.equal(isSameSite(other, one), expected, `${other} ${one}`);
    }
});
