/**
 * Runs the native client (examples/native, a program that uses the feature `native` of
 * countersign-client) against any provider, and defines the scenarios that every provider goes
 * through with it.
 *
 *     const native = await nativeClient(run, { wire, issuer, clientId, api, logInAt });
 *     await native.logIn();                              // a new session in a new process; throws NativeError
 *     await native.call({ url: `${api.origin}/api/me` }) // { status, headers, body }
 *     await native.refresh(); await native.tokens();     // { tokenUse, subject, thumbprint, accessToken, ... }
 *     await native.logOut();                             // { url }: where the user can end the provider's session
 *     await native.with({ clientId, secret }).getOwnTokens(); // client_credentials instead of a login
 *
 *     scenarios: { ...boundScenarios(fixture => fixture.spa), ...nativeScenarios(fixture => fixture.native) }
 *
 * The client has to be registered at the provider as a native one: public, with the redirect URI
 * `http://127.0.0.1/` on any port (RFC 8252, 7.3), or with the fixed one in `redirectUri` if the
 * provider does not support that. `logInAt(url)` does the user's part at the provider's pages; it
 * ends when the browser is back at the program:
 *
 *     logInAt: byForms(page => page.submit({ username: "alice", password: "..." }))   // plain HTTP, no browser
 *     logInAt: byBrowser(run, page => page.getByRole("button").click())               // Chromium
 *
 * Built by `cargo build -p example-native`, which `cargo xtask interop` does.
 */
import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import { assertBearerCall, assertBoundCall, assertProof } from "../../packages/countersign/test/browser/harness/proof.mjs";
import { acceptedTokenRequest, proofNonce } from "./checks.mjs";
import { Program } from "./native-program.mjs";
import { Visitor } from "./visitor.mjs";

export { NativeError } from "./native-program.mjs";

/**
 * @typedef {object} Options
 * @property {import("../../packages/countersign/test/browser/harness/wire.mjs").Wire} wire in front of the provider
 * @property {string} issuer as clients know it: under `wire.origin`
 * @property {string} clientId
 * @property {(url: string) => Promise<unknown>} logInAt see above
 * @property {{ origin: string, wire: import("../../packages/countersign/test/browser/harness/wire.mjs").Wire }} [api]
 * what `protectedApi` of spa.mjs returns, or the like
 * @property {"auto" | "enforced" | "off"} [mode]
 * @property {string[]} [scopes] beside openid
 * @property {string} [redirectUri] where any port will not do
 * @property {string} [secret] of a confidential client
 * @property {string[]} [flags] more of `example-native --help`
 */

/**
 * Does the user's part over plain HTTP. `act` gets the first page.
 *
 * @param {(page: import("./visitor.mjs").Page) => Promise<unknown>} act
 */
export function byForms(act) {
    return async url => {
        await act(await new Visitor().get(url));
    };
}

/**
 * Does the user's part in Chromium, in a new context. It ends when the program's page is shown.
 *
 * @param {import("./peer.mjs").Run} run
 * @param {(page: import("playwright-core").Page) => Promise<unknown>} act
 * @param {Parameters<import("./peer.mjs").Run["browser"]>[0]} [options]
 */
export function byBrowser(run, act, options) {
    return async url => {
        const { context, page } = await run.browser(options);
        await page.goto(url);
        await act(page);
        await page.getByText("You may close this window").waitFor();
        await context.close();
    };
}

export class NativeClient {
    #run;
    #options;
    #program;

    /** @param {import("./peer.mjs").Run} run @param {Options} options */
    constructor(run, options) {
        this.#run = run;
        this.#options = options;
        this.wire = options.wire;
        this.api = options.api;
        this.issuer = options.issuer;
    }

    /** A client that differs in these options. @param {Partial<Options>} options */
    with(options) {
        return new NativeClient(this.#run, { ...this.#options, ...options });
    }

    /** Ends the current session and starts another. Resolves with the result of `tokens()`. */
    async logIn(logInAt = this.#options.logInAt) {
        const program = await this.#start([]);
        const { url } = await program.event("authorize");
        this.authorizationUrl = url;
        // If the program fails, this stops waiting for the browser.
        const [tokens] = await Promise.all([program.event("login"), logInAt(url)]);
        return tokens;
    }

    /** The same for tokens of the client itself (RFC 6749, 4.4), which has a secret. */
    async getOwnTokens() {
        const program = await this.#start(["--client-credentials"]);
        return program.event("login");
    }

    async #start(more) {
        await this.stop();
        const { issuer, clientId, mode = "auto", scopes = [], redirectUri, secret, flags = [] } = this.#options;
        const program = new Program(
            [
                ...["--issuer", issuer, "--client-id", clientId, "--mode", mode, "--json", "--stdin", "--show-tokens"],
                ...scopes.flatMap(scope => ["--scope", scope]),
                ...(redirectUri === undefined ? [] : ["--redirect-uri", redirectUri]),
                ...flags,
                ...more
            ],
            secret
        );
        this.#program = program;
        this.#run.after(() => program.stop());
        return program;
    }

    /**
     * Makes one call with the session's token. `json` is the body; `stream` is a body that can be
     * sent only once.
     *
     * @param {{ method?: string, url: string, json?: unknown, stream?: string }} call
     * @returns {Promise<{ status: number, url: string, headers: Record<string, string>, body: string }>}
     */
    call({ method, url, json, stream }) {
        if (stream !== undefined) {
            return this.#ask(`STREAM ${url} ${stream}`, "response");
        }
        const body = json === undefined ? "" : ` ${JSON.stringify(json)}`;
        return this.#ask(`${method ?? (json === undefined ? "GET" : "POST")} ${url}${body}`, "response");
    }

    refresh() {
        return this.#ask("refresh", "refresh");
    }

    /** Returns what the program knows about its tokens. */
    tokens() {
        return this.#ask("tokens", "tokens");
    }

    /**
     * Forgets tokens and key. `url` ends the session at the provider, or is `null` if the provider
     * has no such endpoint.
     */
    logOut() {
        return this.#ask("logout", "logout");
    }

    async stop() {
        await this.#program?.stop();
        this.#program = undefined;
    }

    #ask(command, event) {
        assert.ok(this.#program, "logged in first");
        this.#program.write(command);
        return this.#program.event(event);
    }
}

/** @param {import("./peer.mjs").Run} run @param {Options} options */
export async function nativeClient(run, options) {
    return new NativeClient(run, options);
}

/**
 * Returns the scenarios of every provider that binds tokens, in the order in which they build on
 * each other. The API is ours.
 *
 * @template Fixture
 * @param {(fixture: Fixture) => NativeClient} of
 * @param {string} [suffix] of the titles, where a peer runs them more than once
 * @param {{ par?: boolean }} [options] `par`: the provider gets pushed authorization requests
 */
export function nativeScenarios(of, suffix = "", { par = false } = {}) {
    /** @type {Record<string, (native: NativeClient, note: (text: string) => void) => Promise<void>>} */
    const scenarios = {
        "native: login on a loopback redirect ends with a bound token": (native, note) => checkLogIn(native, note, { par }),
        "native: GET and POST carry proofs": native => checkCalls(native),
        "native: a nonce challenge is answered, but for a stream": native => checkNonces(native),
        "native: a refresh keeps the key": (native, note) => checkRefresh(native, note),
        "native: logout forgets tokens and key": native => checkLogOut(native)
    };
    return Object.fromEntries(
        Object.entries(scenarios).map(([title, check]) => [title + suffix, (fixture, note) => check(of(fixture), note)])
    );
}

/** @param {NativeClient} native @param {(text: string) => void} note */
export async function checkLogIn(native, note, { par = false } = {}) {
    const mark = native.wire.mark();
    const { tokenUse, accessToken, thumbprint } = await native.logIn();
    assert.equal(tokenUse, "DPoP");
    const { request, jkt, response } = await checkTokenRequest(native, mark, "authorization_code", note);
    assert.equal(response.access_token, accessToken);
    assert.equal(thumbprint, jkt);
    const redirectUri = new URL(request.form().redirect_uri);
    assert.ok(["127.0.0.1", "localhost"].includes(redirectUri.hostname) && redirectUri.port !== "", `${redirectUri}`);
    const asked = new URL(native.authorizationUrl).searchParams;
    assert.equal(asked.has("request_uri"), par, "a pushed request, where the provider gets one");
    if (!par) {
        assert.equal(asked.get("dpop_jkt"), jkt, "the code is bound to the same key");
        assert.equal(asked.get("code_challenge_method"), "S256");
    }
}

/** @param {NativeClient} native */
export async function checkCalls(native) {
    const { accessToken } = await native.tokens();
    await checkCall(native, { url: `${native.api.origin}/api/me?a=b` }, 200, accessToken);
    await checkCall(native, { url: `${native.api.origin}/api/notes`, json: { text: "interop" } }, 201, accessToken);
}

/** @param {NativeClient} native */
export async function checkNonces(native) {
    const { origin, wire } = native.api;
    const { accessToken } = await native.tokens();
    const url = `${origin}/api/with-nonce`;
    const mark = wire.mark();
    const last = await checkCall(native, { url, json: { text: "twice" } }, 200, accessToken);
    const [first, second, ...more] = wire.list({ since: mark });
    assert.equal(more.length, 0, "one retry");
    if (second !== undefined) {
        assert.equal(first.response.status, 401);
        assert.deepEqual(second.body, first.body, "the same body");
        assert.equal(decodeJwt(last.header("DPoP")).nonce, first.response.header("DPoP-Nonce"));
    }
    // As if the server forgot its nonces: the next request has one that it does not know.
    wire.tamper = response => {
        wire.tamper = undefined;
        response.headers = response.headers.filter(([name]) => name.toLowerCase() !== "dpop-nonce");
        response.headers.push(["DPoP-Nonce", "not-one-of-the-servers"]);
    };
    await native.call({ url: `${origin}/api/me` });
    const streaming = wire.mark();
    const { status, headers } = await native.call({ url, stream: "once" });
    assert.equal(status, 401, "the challenge is delivered");
    assert.match(headers["www-authenticate"], /use_dpop_nonce/);
    assert.equal(wire.list({ since: streaming }).length, 1, "a stream is sent once");
    assert.equal((await native.call({ url, stream: "again" })).status, 200, "with the nonce that the challenge brought");
}

/** @param {NativeClient} native @param {(text: string) => void} note */
export async function checkRefresh(native, note) {
    const before = await native.tokens();
    const mark = native.wire.mark();
    const { accessToken, thumbprint } = await native.refresh();
    const { jkt, response } = await checkTokenRequest(native, mark, "refresh_token", note);
    assert.equal(response.access_token, accessToken);
    assert.notEqual(accessToken, before.accessToken);
    assert.equal(jkt, before.thumbprint, "the key is the one from before");
    assert.equal(thumbprint, before.thumbprint);
    await checkCall(native, { url: `${native.api.origin}/api/me` }, 200, accessToken);
}

/** @param {NativeClient} native */
export async function checkLogOut(native) {
    const { idToken } = await native.tokens();
    const { url } = await native.logOut();
    const discovery = await fetch(`${native.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
    const { end_session_endpoint: endpoint } = await discovery.json();
    assert.equal(url?.split("?")[0], endpoint);
    assert.equal(new URL(url).searchParams.get("id_token_hint"), idToken);
    const mark = native.api.wire.mark();
    await assert.rejects(native.call({ url: `${native.api.origin}/api/me` }), { code: "not_logged_in" });
    assert.equal(native.api.wire.list({ since: mark }).length, 0);
}

/**
 * Checks that tokens of the client itself are bound, and so are the next ones.
 *
 * @param {NativeClient} native @param {(text: string) => void} note
 */
export async function checkOwnTokens(native, note) {
    const mark = native.wire.mark();
    const { tokenUse, subject, accessToken } = await native.getOwnTokens();
    assert.deepEqual({ tokenUse, subject }, { tokenUse: "DPoP", subject: null });
    const first = await checkTokenRequest(native, mark, "client_credentials", note);
    await checkCall(native, { url: `${native.api.origin}/api/me` }, 200, accessToken);
    const again = native.wire.mark();
    await native.refresh();
    const second = await checkTokenRequest(native, again, "client_credentials", note);
    assert.equal(second.jkt, first.jkt, "the key is the one from before");
    await checkCall(native, { url: `${native.api.origin}/api/me` }, 200, second.response.access_token);
}

/** One call, whose last request has to be a bound one. @param {NativeClient} native */
export async function checkCall(native, call, expected, token) {
    const mark = native.api.wire.mark();
    const { status, body } = await native.call(call);
    assert.equal(status, expected, `${call.method ?? ""} ${call.url}: ${body}`);
    const sent = native.api.wire.list({ since: mark }).at(-1);
    const { accessToken } = token === undefined ? await native.tokens() : { accessToken: token };
    await assertBoundCall(sent, accessToken, { nonce: proofNonce(sent) });
    return sent;
}

/** One call, which has to go out as Bearer. @param {NativeClient} native */
export async function checkBearerCall(native, call, expected) {
    const mark = native.api.wire.mark();
    const { accessToken } = await native.tokens();
    const { status, body } = await native.call(call);
    assert.equal(status, expected, body);
    const [sent, ...more] = native.api.wire.list({ since: mark });
    assert.equal(more.length, 0);
    assertBearerCall(sent, accessToken);
}

/**
 * Checks the one token request since `mark` that was answered with tokens. A nonce challenge before
 * it is noted.
 */
async function checkTokenRequest(native, mark, grant, note) {
    const requests = native.wire.list({ method: "POST", since: mark }).filter(({ body }) => body.includes("grant_type="));
    const request = acceptedTokenRequest(requests, note);
    assert.equal(request.form().grant_type, grant);
    const { jkt } = await assertProof(request, { nonce: proofNonce(request) });
    const response = request.response.json();
    assert.match(response.token_type, /^dpop$/i);
    const claims = readable(response.access_token);
    if (claims !== undefined) {
        assert.equal(claims.cnf?.jkt, jkt, "the token is bound to the proof's key");
    }
    return { request, jkt, response };
}

/** Returns the claims of an access token if it is a JWT. */
function readable(token) {
    try {
        return decodeJwt(token);
    } catch {
        return undefined;
    }
}
