// The middlewares, on Node's own servers and on stand-ins for the frameworks' objects; the real
// frameworks are in `runtimes`.
import assert from "node:assert/strict";
import http from "node:http";
import http2 from "node:http2";
import { once } from "node:events";
import { test } from "node:test";
import { AUDIENCE, makeClient, makeIssuer } from "./support/parties.mjs";
import { serverOf } from "./support/servers.mjs";

const { authenticateIncoming, expressAuth, fastifyAuth, honoAuth } = await import("../../dist/server.js");

const issuer = makeIssuer();
const client = makeClient();
const OPTIONS = { publicUrl: AUDIENCE, issuer: issuer.name, audience: AUDIENCE, jwks: { keys: [issuer.jwk] }, log: () => {} };
const start = (options = {}) => serverOf("node:crypto", { ...OPTIONS, ...options });
const NONCE = { nonces: { issue: () => "fresh", check: () => "renew" } };

const fields = (path, method = "GET", claims = {}) => {
    const token = issuer.token(client);
    return { authorization: `DPoP ${token}`, dpop: client.proof(method, AUDIENCE + path, token, claims) };
};
const nodeRequest = (path, htu = path, claims = {}) => ({ method: "GET", url: path, originalUrl: path, rawHeaders: Object.entries(fields(htu, "GET", claims)).flat() });

/** A response as Node's: what is sent can't be changed. */
const nodeResponse = (state = {}) => ({
    headersSent: false,
    writableEnded: false,
    calls: [],
    setHeader(...call) {
        if (this.headersSent) {
            throw new Error("ERR_HTTP_HEADERS_SENT");
        }
        this.calls.push(call);
    },
    end() {
        this.calls.push("end");
    },
    ...state
});

/** What `expressAuth` does: `next` with its arguments, or nothing. */
const throughExpress = async (middleware, request, response) => {
    const nexts = [];
    middleware(request, response, (...all) => nexts.push(all));
    await new Promise(resolve => setTimeout(resolve, 30));
    return nexts;
};

test("a response that was sent meanwhile is left alone, whatever the decision", async () => {
    for (const state of [{ headersSent: true, writableEnded: true }, { headersSent: true }]) {
        for (const [request, isAccepted] of [[() => nodeRequest("/notes", "/other"), false], [() => nodeRequest("/notes", "/notes", { nonce: "old" }), true]]) {
            const server = start(NONCE);
            const response = nodeResponse(state);
            const runs = isAccepted && !state.writableEnded;
            assert.deepEqual(await throughExpress(expressAuth(server), request(), response), runs ? [[]] : []);
            assert.equal((await authenticateIncoming(server, request(), response)) !== undefined, runs);
            assert.deepEqual(response.calls, []);
        }
    }
    const sent = [];
    const reply = { sent: true, code: () => sent.push("code"), header: () => sent.push("header"), send: () => sent.push("send") };
    assert.equal(await fastifyAuth(start())({ raw: nodeRequest("/notes", "/other") }, reply), reply);
    assert.deepEqual(sent, []);
});

test("what a middleware throws reaches next, and no promise is rejected unheard", async () => {
    const server = start();
    const fails = nodeResponse({ setHeader() { throw new Error("no header"); } });
    const [[error]] = await throughExpress(expressAuth(server), nodeRequest("/notes", "/other"), fails);
    assert.equal(error.message, "no header");
    const [[missing]] = await throughExpress(expressAuth(server), { method: "GET", url: "/notes", originalUrl: "/notes" }, nodeResponse());
    assert.ok(missing instanceof TypeError);
});

test("over a socket, a response that a timeout sent, and a stream that was reset, end nothing", async () => {
    const slow = () => start({ jwks: undefined, fetch: () => new Promise((_, reject) => setTimeout(reject, 150, new Error("down"))) });
    const handled = [];
    const answer = server => (request, response) => {
        setTimeout(() => response.writableEnded || response.stream?.destroyed || (response.writeHead(504), response.end()), 30);
        authenticateIncoming(server, request, response).then(auth => handled.push(auth), error => handled.push(error));
    };
    const first = http.createServer(answer(slow())).listen(0, "127.0.0.1");
    await once(first, "listening");
    const [response] = await once(http.get({ port: first.address().port, path: "/notes", headers: fields("/notes"), agent: false }), "response");
    assert.equal(response.statusCode, 504);
    response.resume();

    const second = http2.createServer((request, response) => {
        authenticateIncoming(slow(), request, response).then(auth => handled.push(auth), error => handled.push(error));
    });
    second.listen(0, "127.0.0.1");
    await once(second, "listening");
    const session = http2.connect(`http://127.0.0.1:${second.address().port}`);
    const stream = session.request({ ":path": "/notes", ...fields("/notes") });
    stream.on("error", () => {});
    setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), 50);
    for (let i = 0; i < 100 && handled.length < 2; i++) {
        await new Promise(resolve => setTimeout(resolve, 50));
    }
    assert.deepEqual(handled, [undefined, undefined]);
    session.destroy();
    first.close();
    second.close();
});

test("demands that are none are refused when the middleware is made", async () => {
    const server = start();
    for (const demands of ["admin", 5, null, ["admin"], { scopes: "admin" }, { scope: "" }, { scope: " " }, { scope: ["admin"] }, { scope: null }, { scope: "a", roles: [] }]) {
        for (const make of [expressAuth, fastifyAuth, honoAuth]) {
            assert.throws(() => make(server, demands), error => error instanceof TypeError && /^countersign\/server: a route demands/.test(error.message), JSON.stringify(demands));
        }
        // These decide about one request, and never reject.
        const response = nodeResponse();
        assert.equal(await authenticateIncoming(server, nodeRequest("/notes"), response, demands), undefined);
        assert.equal(response.statusCode, 400);
        const decision = await server.authenticate(new Request(`${AUDIENCE}/notes`, { headers: fields("/notes") }), demands);
        assert.equal(decision.name, "RequestMalformed");
    }
    for (const demands of [undefined, {}, { scope: undefined }]) {
        assert.deepEqual(await throughExpress(expressAuth(server, demands), nodeRequest("/notes"), nodeResponse()), [[]]);
    }
});

test("in a router that cuts the path, the whole one is compared", async () => {
    const server = start();
    const mounted = htu => ({ ...nodeRequest("/admin/notes", htu), url: "/notes" });
    assert.equal(await authenticateIncoming(server, mounted("/notes"), nodeResponse()), undefined);
    assert.ok(await authenticateIncoming(server, mounted("/admin/notes"), nodeResponse()));
    const { originalUrl: _, ...bare } = nodeRequest("/notes");
    assert.ok(await authenticateIncoming(server, bare, nodeResponse()));
});

test("what stands on the prototype of all objects changes no decision and no option", async () => {
    const polluted = async (name, value, act) => {
        Object.prototype[name] = value;
        try {
            return await act();
        } finally {
            delete Object.prototype[name];
        }
    };
    const server = start();
    const express = () => throughExpress(expressAuth(server), nodeRequest("/admin", "/low"), nodeResponse());
    const web = async () => (await server.authenticate(new Request(`${AUDIENCE}/admin`, { headers: fields("/low") }))).name;
    assert.deepEqual(await polluted("uri", `${AUDIENCE}/low`, express), []);
    assert.equal(await polluted("uri", `${AUDIENCE}/low`, web), "HtuMismatch");
    const { originalUrl: _, ...cut } = nodeRequest("/admin", "/low");
    assert.equal(await polluted("originalUrl", "/low", () => authenticateIncoming(server, cut, nodeResponse())), undefined);
    const hono = async () => {
        const response = await honoAuth(server)({ req: { raw: new Request("https://x/other") }, env: {}, set: () => assert.fail(), header: () => {} }, async () => {});
        return response.status;
    };
    assert.equal(await polluted("incoming", nodeRequest("/notes"), hono), 401);
    const decide = options => async () => {
        const { name, isAccepted } = await start(options).decide({ method: "GET", target: "/notes", authorization: [fields("/notes").authorization], dpop: [] });
        return [isAccepted, name];
    };
    for (const [name, value] of [["dpop", "optional"], ["replayStore", {}], ["replayDeadline", 100_000], ["log", 5], ["now", () => 0], ["issue", () => "x"], ["nonces", 5]]) {
        assert.deepEqual(await polluted(name, value, decide({})), [false, "HeaderMissing"], name);
    }
    const { fetch: _1, ...rest } = OPTIONS;
    const replaced = () => assert.fail("a fetch of the prototype was called");
    await polluted("fetch", replaced, () => serverOf("node:crypto", rest).decide({ method: "GET", target: "/", authorization: [], dpop: [] }));
});
