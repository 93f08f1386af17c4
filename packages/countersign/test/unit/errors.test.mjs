// Every error code has a sentence that names the value and says what to do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SENTENCES } from "../../dist/core/errors/catalogue.js";
import { sentence } from "../../dist/core/errors/sentences.js";
import { failure, toFailure } from "../../dist/core/errors/failure.js";
import { EngineError } from "../../dist/engine/interface.js";
import { OidcInitializationError } from "../../dist/core/errors/oidcInitializationError.js";

test("a sentence is one line, ends with a full stop, and holds no hole where a detail is empty or missing", () => {
    for (const [code, { length }] of Object.entries(SENTENCES)) {
        const all = Array.from({ length }, (_, index) => `detail ${index}`);
        for (const details of [all, [], ...all.map((_, index) => all.with(index, ""))]) {
            const text = SENTENCES[code](...details);
            assert.match(text, /^[^\n ][^\n]+[^.]\.$/, code);
            assert.doesNotMatch(text, /undefined|null| {2}| \(\)| [,;.]|[{|}]/, `${code} ${details}`);
            // The user's own "" is what they are told about.
            assert.ok(!text.includes('""') || ["issuer_invalid", "option_unknown"].includes(code), text);
        }
    }
});

test("a refusal without an error member is named by its status", async () => {
    for (const code of ["token_refused", "push_refused"]) {
        const { message } = await toFailure(new EngineError(code, ["", "", "502"]));
        assert.match(message, /^countersign: the [a-z ]+ refused (?:the pushed request )?with status 502; check /);
    }
});

test("the value that was found is named", () => {
    for (const [code, details, expected] of [
        ["issuer_mismatch", ["https://a.example", "https://b.example"], /https:\/\/a\.example.*https:\/\/b\.example/],
        ["issuer_mismatch", ["https://a.example", ""], /none/],
        ["discovery_unreachable", ["https://a.example/.well-known/openid-configuration", "503"], /openid-configuration.*503/],
        ["dpop_unsupported", ["https://a.example"], /https:\/\/a\.example.*ES256/],
        ["token_not_bound", ["https://a.example", "Bearer"], /https:\/\/a\.example.*Bearer/],
        ["authorization_error", ["invalid_scope", "no such scope"], /invalid_scope.*no such scope/],
        ["option_unknown", ["dpop"], /"dpop"/],
        ["option_invalid", ["", null], /null.*issuerUri and clientId/],
        ["option_invalid", ["scopes", "profile"], /^"scopes" of createOidc\(\) is "profile"; it has to be an array of strings, like \["profile"\]\.$/],
        ["redirect_url_invalid", ["https://evil.example", "https://app.example/"], /evil\.example.*app\.example/],
        ["insecure_context", [], /https.*localhost/]
    ]) {
        assert.match(sentence(code, details), expected);
    }
});

test("what came with a URL is no markup, no line of its own and not long, whatever the sentence", () => {
    const hostile = `<img src=x onerror="alert('1')">\n\u202e\u00e9&amp;javascript:alert(1)${"a".repeat(5_000)}`;
    for (const [code, details, index] of [
        ["flow_unknown", [hostile], 0],
        ["response_issuer_mismatch", ["https://a.example", hostile], 1],
        ["authorization_error", [hostile, ""], 0],
        ["authorization_error", ["server_error", hostile], 1],
        ["response_invalid", [hostile], 0],
        ["redirect_url_invalid", [hostile, "https://app.example/"], 0]
    ]) {
        const text = sentence(code, details);
        const harmless = sentence(code, details.with(index, "MARK"));
        const [before, after] = harmless.split("MARK");
        assert.ok(text.startsWith(before) && text.endsWith(after), text);
        const shown = text.slice(before.length, -after.length);
        assert.match(shown, /^[A-Za-z0-9._ -]{1,200}$/, code);
        assert.match(shown, /^img src x onerror alert 1 amp javascript alert 1 a+$/);
    }
});

test("what the engine rejects with becomes an OidcInitializationError with the same code", async () => {
    const error = await toFailure(new EngineError("dpop_unsupported", ["https://a.example"]));
    assert.ok(error instanceof OidcInitializationError && error instanceof Error);
    assert.equal(error.name, "OidcInitializationError");
    assert.equal(error.code, "dpop_unsupported");
    assert.equal(error.isAuthServerLikelyDown, false);
    assert.match(error.message, /^countersign: DPoP is enforced, but https:\/\/a\.example /);
    assert.equal(await toFailure(error), error);
    const cause = new Error("thrown by the app");
    const unexpected = await toFailure(cause);
    assert.deepEqual([unexpected.code, unexpected.message, unexpected.cause], ["unexpected", "thrown by the app", cause]);
});

test("a server that does not answer, or fails itself, is likely down", async () => {
    for (const [code, details, expected] of [
        ["discovery_unreachable", ["https://a.example", ""], true],
        ["discovery_unreachable", ["https://a.example", "502"], true],
        ["discovery_unreachable", ["https://a.example", "404"], false],
        ["token_unreachable", ["https://a.example/token"], true],
        ["push_unreachable", ["https://a.example/par"], true],
        ["push_refused", ["", "", "502"], true],
        ["push_refused", ["invalid_scope", "", "400"], false],
        ["token_refused", ["", "", "503"], true],
        ["token_refused", ["invalid_grant", "", "400"], false],
        ["issuer_mismatch", ["https://a.example", ""], false]
    ]) {
        assert.equal((await failure(code, ...details)).isAuthServerLikelyDown, expected, `${code} ${details}`);
    }
});
