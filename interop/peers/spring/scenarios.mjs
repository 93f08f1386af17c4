/** Scenarios for Spring Security only. */
import assert from "node:assert/strict";
import http from "node:http";
import { generateKey, now, proofOf } from "../../lib/hostile/proofs.mjs";
import { answerOf, send } from "../../lib/hostile/replay.mjs";
import { reverseProxy } from "./proxy.mjs";
import { READY } from "./server.mjs";

/**
 * The limit of Spring Security's `DPoPProofReplayValidator.InMemoryCache`: how many proofs of one
 * key with an `iat` in the last 30 s it remembers.
 */
const PROOFS_OF_A_KEY = 1_000;
const ACCEPTED_AHEAD_SECONDS = 25;
/** How many requests are sent at once. It divides the number above. */
const AT_ONCE = 20;
const HOST = "api.example";
/** A path for which the browser's console may report a refusal. */
export const REFUSED_PATH = "/api/refused";

/** Makes a good request with a token for `ORIGIN`. `url` is the URL that the client knows. */
async function goodRequest({ key, token, method = "GET", url, headers = [], claims = {} }) {
    const { host, pathname } = new URL(url);
    const proof = await proofOf(key, { token, claims: { htm: method, htu: url, ...claims } });
    const credentials = [["Authorization", `DPoP ${token}`], ["DPoP", proof]];
    return { method, target: pathname, host, headers: [...credentials, ...headers] };
}

async function newToken({ logIn }) {
    const key = await generateKey();
    return { key, token: await logIn(key) };
}

/** Checks what the CORS settings let the page read of a refusal. */
export async function checkReadable(spa) {
    const read = await spa.page.evaluate(async url => {
        const { status, headers } = await fetch(url, { headers: { Authorization: "DPoP a.b.c", DPoP: "x" } });
        return { status, challenge: headers.get("WWW-Authenticate"), date: headers.get("Date") };
    }, `${spa.api.origin}${REFUSED_PATH}`);
    assert.equal(read.status, 401);
    assert.match(read.challenge, /^DPoP error="invalid_token"/);
    assert.ok(Math.abs(Date.parse(read.date) - Date.now()) < 5_000, "the clock of a page whose own is wrong");
}

/**
 * Checks a request of the page that someone who saw it sends again: with its proof, without it, and
 * as Bearer.
 */
export async function checkStolen(spa) {
    const mark = spa.api.wire.mark();
    assert.equal((await spa.call({ url: `${spa.api.origin}/api/me` })).status, 200);
    const [seen] = spa.api.wire.list({ since: mark });
    const token = seen.header("Authorization").replace("DPoP ", "");
    const again = { target: seen.target, host: new URL(spa.api.origin).host };
    const proof = ["DPoP", seen.header("DPoP")];
    for (const [headers, expected] of [
        [[["Authorization", `DPoP ${token}`], proof], "401 DPoP invalid_dpop_proof"],
        [[["Authorization", `DPoP ${token}`]], "401 DPoP invalid_request"],
        [[["Authorization", `Bearer ${token}`]], "401 Bearer invalid_token"]
    ]) {
        assert.equal(answerOf(await send(spa.api.wire.upstream, { ...again, headers })), expected);
    }
}

/** Sends more requests by one key than Spring Security remembers. */
export async function checkLimit(fixture, note) {
    const { ports } = fixture;
    const credentials = await newToken(fixture);
    const url = `http://${HOST}/api/me`;
    const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
    // The proofs are dated ahead as far as is accepted, so that even on a slow machine the first is
    // still remembered when the last arrives.
    const claims = { iat: now() + ACCEPTED_AHEAD_SECONDS };
    const one = async () => send(ports.theirs, await goodRequest({ ...credentials, url, claims }), { agent });
    for (let done = 0; done < PROOFS_OF_A_KEY; done += AT_ONCE) {
        const answers = await Promise.all(Array.from({ length: AT_ONCE }, one));
        assert.ok(answers.every(({ status }) => status === 200), `after ${done}: ${answers.map(answerOf)}`);
    }
    assert.equal(answerOf(await one()), "401 DPoP invalid_dpop_proof");
    agent.destroy();
    note("the 1,001st request by one key within 30 s is refused, as if it were a replay");
}

/**
 * Checks the server without the settings of the other scenarios, and then adds them one after the
 * other.
 */
export async function checkOutOfTheBox(fixture, note) {
    const { startJar, logIn, doesDpopByItself } = fixture;
    const credentials = await newToken(fixture);
    const bearer = ["Authorization", `Bearer ${await logIn()}`];
    const asBearer = async (server, method, target) =>
        answerOf(await send(server.port, { method, target, host: HOST, headers: [bearer] }));
    const [get, post] = [["GET", `http://${HOST}/api/me`], ["POST", `http://${HOST}/api/notes`]];
    const answers = async (server, ...calls) => {
        const list = [];
        for (const [method, url] of calls) {
            list.push(answerOf(await send(server.port, await goodRequest({ ...credentials, method, url }))));
        }
        return list;
    };
    const nothing = await startJar([]);
    assert.deepEqual(await answers(nothing, get), [doesDpopByItself ? "401 DPoP invalid_token" : "401 Bearer"]);
    const dpop = doesDpopByItself ? nothing : await startJar(["--api.dpop=on"]);
    assert.deepEqual(await answers(dpop, get), ["401 DPoP invalid_token"]);
    assert.equal(await asBearer(dpop, "GET", "/api/me"), "401 Bearer invalid_token", "nor are they accepted as Bearer");
    const types = await startJar(["--api.dpop=on", "--api.token-types=at+jwt"]);
    assert.deepEqual(await answers(types, get, post), ["200", "401 Bearer"]);
    assert.equal(await asBearer(types, "GET", "/api/me"), "200");
    assert.equal(await asBearer(types, "POST", "/api/notes"), "400", "it gets as far as the body, and there is none");
    if (!doesDpopByItself) {
        note("DPoP is off unless asked for: oauth2ResourceServer(server -> server.dPoP(withDefaults()))");
    }
    note("access tokens by RFC 9068 (typ at+jwt), bound or not, are refused unless a JwtTypeValidator names the type");
    note("POST with Authorization: DPoP needs a CSRF token, unless that is disabled; with Bearer it needs none");
}

/** Checks tokens that our development server issues in the form that Spring Security expects. */
export async function checkTyp({ run, startJar, logInAt, config, doesDpopByItself }, note) {
    const idp = await run.idp(["--config", config, "--access-token-typ", "JWT"]);
    const jar = await startJar(doesDpopByItself ? [] : ["--api.dpop=on"], { issuer: idp.origin });
    const logIn = key => logInAt(idp.origin, key);
    const url = `http://${HOST}/api/me`;
    assert.equal(answerOf(await send(jar.port, await goodRequest({ ...(await newToken({ logIn })), url }))), "200");
    const headers = [["Authorization", `Bearer ${await logIn()}`]];
    assert.equal(answerOf(await send(jar.port, { method: "GET", target: "/api/me", host: HOST, headers })), "200");
    note("`countersign idp --access-token-typ JWT` issues what it accepts without a JwtTypeValidator");
}

/**
 * Checks the server under another host name than it sees, with a path prefix that the proxy
 * removes.
 */
export async function checkProxies(fixture, note) {
    const { run, startJar, ports } = fixture;
    const credentials = await newToken(fixture);
    const call = async (upstream, prefix) => {
        const proxy = await reverseProxy(run, { upstream, host: HOST, prefix });
        const url = `https://${HOST}${prefix}/api/me`;
        // Forwarding headers from the client do not get through.
        const headers = [["X-Forwarded-Host", "other.example"]];
        return answerOf(await send(proxy, await goodRequest({ ...credentials, url, headers })));
    };
    const withStrategy = async strategy =>
        (await startJar([...READY, `--server.forward-headers-strategy=${strategy}`])).port;
    const refused = "401 DPoP invalid_dpop_proof";
    const [native, framework] = [await withStrategy("native"), await withStrategy("framework")];
    for (const [upstream, prefix, expected] of [
        [ports.theirs, "", refused],
        [native, "", "200"],
        [framework, "", "200"],
        [native, "/v1", refused],
        [framework, "/v1", "200"]
    ]) {
        assert.equal(await call(upstream, prefix), expected, `${upstream} ${prefix}`);
    }
    note("needs server.forward-headers-strategy=native, or framework if the proxy removes a prefix from the path");
}
