/**
 * An API without DPoP, called with bound tokens: the call must fail visibly, and a bound token must
 * never go out as Bearer, although this API would accept it. `disableDPoP: true` is the way to call
 * it.
 */
import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import { assertBearerCall, assertBoundCall } from "../../packages/countersign/test/browser/harness/proof.mjs";
import { byForms, checkBearerCall, nativeClient } from "../lib/native.mjs";
import { definePeer } from "../lib/peer.mjs";
import { protectedApi, spa } from "../lib/spa.mjs";
import { startBearerApi } from "./bearer-api/server.mjs";

const CLIENTS = ["main", "plain"];
const CORS_OF_DPOP = ["Authorization", "Content-Type", "DPoP"];
const CORS_OF_BEARER = ["Authorization", "Content-Type"];
const JSON_BODY = { kind: "json", value: { text: "interop" } };
const POLL_MILLISECONDS = 20;
const REFUSED_HEADER = /Request header field dpop is not allowed by Access-Control-Allow-Headers/;
/** All the ways in which an app makes a request; `path` is a path of the API. */
const CALLS = [
    { path: "/me" },
    { path: "/me", transport: "xhr" },
    { path: "/me", transport: "request" },
    { path: "/notes", method: "POST", body: JSON_BODY },
    { path: "/notes", method: "POST", body: JSON_BODY, transport: "xhr" }
];

export default definePeer({
    name: "bearer-api",
    title: versions => `A Bearer API (Express ${versions.express}, jose ${versions.jose})`,
    needs: [],
    ours: ["single-page app", "native client", "resource server", "development server"],
    async start(run) {
        const app = await run.app({ variant: { mode: "auto" } });
        const wire = await run.wire();
        const [ours, open, narrow] = [await run.wire(), await run.wire(), await run.wire()];
        const issuer = wire.origin;
        const nativeRedirectUri = `http://127.0.0.1:${await run.freePort()}/`;
        const idp = await run.idp([
            "--issuer",
            issuer,
            ...CLIENTS.flatMap(id => ["--client", `${id}=${app.origin}/`]),
            ...["--client", `native=${nativeRedirectUri}`],
            ...[ours, open, narrow].flatMap(({ origin }) => ["--audience", origin])
        ]);
        wire.upstream = idp.port;
        const api = await protectedApi(run, { issuer, origins: [app.origin], wire: ours });
        for (const [proxy, allowedHeaders] of [
            [open, CORS_OF_DPOP],
            [narrow, CORS_OF_BEARER]
        ]) {
            const server = await startBearerApi({
                issuer,
                jwksUri: `${issuer}/jwks`,
                audience: proxy.origin,
                origins: [app.origin],
                allowedHeaders
            });
            run.after(() => server.close());
            proxy.upstream = server.port;
        }
        const page = await spa(run, {
            app,
            wire,
            issuer,
            clientId: CLIENTS[0],
            otherClients: { plain: { issuerUri: issuer, clientId: CLIENTS[1], disableDPoP: true } },
            logInAt: page => page.getByRole("button", { name: /alice/i }).click(),
            api,
            expectedErrors: [/status of 401/, /blocked by CORS policy/, /net::ERR_FAILED/]
        });
        const messages = [];
        page.page.on("console", message => messages.push(message.text()));
        const native = await nativeClient(run, {
            ...{ wire, issuer, clientId: "native", redirectUri: nativeRedirectUri },
            logInAt: byForms(page => page.submit({ user: "alice" })),
            api: { origin: open.origin, wire: open }
        });
        return { spa: page, open, narrow, messages, native };
    },
    scenarios: {
        "two clients log in: one token is bound, that of disableDPoP is not": async ({ spa }) => {
            await spa.open();
            const outcomes = await spa.logIn();
            assert.deepEqual(
                CLIENTS.map(name => outcomes[name].isUserLoggedIn),
                [true, true],
                JSON.stringify(outcomes)
            );
            assert.notEqual(decodeJwt((await spa.tokens("main")).accessToken).cnf?.jkt, undefined);
            assert.equal(decodeJwt((await spa.tokens("plain")).accessToken).cnf, undefined);
        },
        "a call with the bound token is one request, and its 401 reaches the app": async ({ spa, open }, note) => {
            const { accessToken } = await spa.tokens("main");
            for (const { path, ...call } of CALLS) {
                const mark = open.mark();
                const { status, text } = await spa.call({ url: open.origin + path, ...call }, "main");
                assert.equal(status, 401);
                assert.match(JSON.parse(text).error, /Bearer/);
                const sent = open.list({ since: mark });
                assert.equal(sent.length, 1, `no second try: ${sent.join(", ")}`);
                await assertBoundCall(sent[0], accessToken);
                assert.equal(sent[0].response.header("WWW-Authenticate"), "Bearer");
            }
            note("its challenge offers Bearer, but the client does not send a bound token that way");
        },
        "it would take the bound token as Bearer, and no request tries": async ({ spa, open, narrow }, note) => {
            const { accessToken: old } = await spa.tokens("main");
            const response = await fetch(`${open.origin}/me`, { headers: { Authorization: `Bearer ${old}` } });
            assert.equal(response.status, 200, "a thief needs no key here");
            const mark = [open, narrow, spa.api.wire].map(wire => wire.mark());
            await spa.renew("main");
            const { accessToken: renewed } = await spa.tokens("main");
            for (const token of [old, renewed]) {
                assert.equal((await spa.call({ url: `${open.origin}/me`, token }, "main")).status, 401);
            }
            for (const [index, wire] of [open, narrow, spa.api.wire].entries()) {
                for (const sent of wire.list({ since: mark[index] })) {
                    assert.match(sent.header("Authorization"), /^DPoP /);
                }
            }
            note("a Bearer validator ignores `cnf`: such an API accepts a stolen bound token like any other");
        },
        "the client with disableDPoP calls it as Bearer, beside the other one's DPoP": async ({ spa, open }) => {
            const [bound, plain] = [await spa.tokens("main"), await spa.tokens("plain")];
            for (const { path, ...call } of CALLS) {
                const marks = [open.mark(), spa.api.wire.mark()];
                const [theirs, ours] = await Promise.all([
                    spa.call({ url: open.origin + path, ...call }, "plain"),
                    spa.call({ url: `${spa.api.origin}/api/me` }, "main")
                ]);
                assert.deepEqual([theirs.status, ours.status], [call.method === "POST" ? 201 : 200, 200]);
                const [sent, ...more] = open.list({ since: marks[0] });
                assert.deepEqual(more.map(String), []);
                assertBearerCall(sent, plain.accessToken);
                await assertBoundCall(spa.api.wire.list({ since: marks[1] })[0], bound.accessToken);
            }
            await spa.renew("plain");
            const renewed = await spa.tokens("plain");
            assert.notEqual(renewed.accessToken, plain.accessToken);
            assert.equal((await spa.call({ url: `${open.origin}/me` }, "plain")).status, 200);
            assertBearerCall(open.list().at(-1), renewed.accessToken);
        },
        "CORS without DPoP: a network error reaches the app, the console names the header": async fixture => {
            const { spa, narrow, messages } = fixture;
            for (const { path, ...call } of CALLS) {
                const [mark, since] = [narrow.mark(), messages.length];
                const outcome = await spa.call({ url: narrow.origin + path, ...call }, "main").then(
                    ({ status }) => `answered ${status}`,
                    error => error.message
                );
                assert.match(outcome, /TypeError/);
                const sent = narrow.exchanges.slice(mark);
                assert.deepEqual(
                    sent.map(({ method }) => method),
                    ["OPTIONS"],
                    "asked once, then nothing was sent"
                );
                assert.match(sent[0].header("Access-Control-Request-Headers"), /\bdpop\b/);
                // The console gets its message separately.
                await until(() => messages.slice(since).some(text => REFUSED_HEADER.test(text)));
            }
            assert.equal((await spa.call({ url: `${spa.api.origin}/api/me` }, "main")).status, 200, "and all goes on");
        },
        "CORS without DPoP: the client with disableDPoP is served": async ({ spa, narrow }) => {
            const { accessToken } = await spa.tokens("plain");
            for (const { path, ...call } of CALLS) {
                const { status } = await spa.call({ url: narrow.origin + path, ...call }, "plain");
                assert.equal(status, call.method === "POST" ? 201 : 200);
                assertBearerCall(narrow.list().at(-1), accessToken);
            }
        },
        "native: a call with the bound token is one request, and its 401 is delivered": async ({ native }) => {
            const { accessToken } = await native.logIn();
            const { origin, wire } = native.api;
            const mark = wire.mark();
            const { status, headers } = await native.call({ url: `${origin}/notes`, json: JSON_BODY.value });
            assert.equal(status, 401);
            assert.equal(headers["www-authenticate"], "Bearer");
            const sent = wire.list({ since: mark });
            assert.equal(sent.length, 1, `no second try: ${sent.join(", ")}`);
            await assertBoundCall(sent[0], accessToken);
        },
        "native: with DPoP off it is served": async ({ native }) => {
            const off = native.with({ mode: "off" });
            assert.equal((await off.logIn()).tokenUse, "Bearer");
            await checkBearerCall(off, { url: `${off.api.origin}/me` }, 200);
        }
    }
});

/** Waits until the condition holds, limited by the scenario's own time. */
async function until(isTrue) {
    while (!isTrue()) {
        await new Promise(resolve => setTimeout(resolve, POLL_MILLISECONDS));
    }
}
