// Where the iframe that finds nobody proves that the session is over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { areRelated as areHostsRelated } from "../../dist/core/navigation/site.js";

const areRelated = (one, other) => areHostsRelated(new URL(one), new URL(other));

test("app and authorization server are related if the hosts are equal, or one is a subdomain of the other", () => {
    for (const [one, other, expected] of [
        ["http://localhost:9440", "http://localhost:9441/authorize", true],
        ["https://example.com", "https://login.example.com/authorize", true],
        ["https://app.example.com", "https://login.eu.app.example.com/authorize", true],
        ["https://app.example.com", "https://app.example.com:8443", true],
        ["http://127.0.0.1:1", "http://127.0.0.1:2", true],
        ["http://[::1]:1", "http://[::1]:2", true],
        ["https://example.com", "https://notexample.com", false],
        ["https://app.example.com", "https://login.example.com/authorize", false],
        ["http://localhost", "http://127.0.0.1", false],
        ["http://10.1.0.1", "http://10.2.0.1", false],
        ["http://[::1]", "http://[::2]", false],
        ["https://app.example.com", "https://app.example.org", false],
        ["https://intranet", "https://login", false],
        ["https://app.example.com", "https://example.com.evil.example", false]
    ]) {
        assert.equal(areRelated(one, other), expected, `${one} ${other}`);
        assert.equal(areRelated(other, one), expected, `${other} ${one}`);
    }
});

test("two hosts under a public suffix are not related", () => {
    for (const suffix of ["com.au", "co.uk", "azurewebsites.net", "onrender.com"]) {
        assert.equal(areRelated(`https://shop.${suffix}`, `https://other.${suffix}/authorize`), false, suffix);
    }
});
