// createDPoP in real Chromium, with the real engine: in pages and in workers of every kind.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { EmbeddedJWK, calculateJwkThumbprint, jwtVerify } from "jose";
import { launch, startServer } from "./support/page.mjs";

const seen = new Set();
async function read(proof) {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: "dpop+jwt", algorithms: ["ES256"] });
    assert.ok(!seen.has(payload.jti), "a new proof each time");
    seen.add(payload.jti);
    return { ...payload, jkt: await calculateJwkThumbprint(protectedHeader.jwk) };
}
const hash = text => createHash("sha256").update(text).digest("base64url");

/** What the server answers next, by path; by default what it got. */
let answers = {};
const answer = ({ url, method, headers, body }) => {
    const path = url.split("?")[0];
    const next = answers[path]?.shift();
    return next ?? { headers: { "content-type": path.endsWith(".js") ? "text/javascript" : "application/json" }, body: path.endsWith(".js") ? WORKERS[path] : JSON.stringify({ method, body, dpop: headers["dpop"], authorization: headers["authorization"] }) };
};
const REPORT = `
    import { createDPoP } from "/dist/proofs.js";
    const work = async () => {
        const dpop = await createDPoP({ tokenEndpoint: "/token" });
        const call = await (await dpop.fetch("/api", { headers: { Authorization: "Bearer t" } })).json();
        const token = await (await dpop.fetch("/token", { method: "POST", body: "a=b" })).json();
        return { jkt: dpop.jkt, call, token, proof: await dpop.proof({ method: "GET", url: "/x" }) };
    };`;
const WORKERS = {
    "/dedicated.js": `${REPORT} work().then(postMessage, error => postMessage(String(error.stack)));`,
    "/shared.js": `${REPORT} onconnect = ({ ports: [port] }) => work().then(done => port.postMessage(done), error => port.postMessage(String(error.stack)));`,
    "/service.js": `${REPORT}
        onmessage = event => event.waitUntil(work().then(done => event.source.postMessage(done), error => event.source.postMessage(String(error.stack))));
        oninstall = () => skipWaiting();
        onactivate = event => event.waitUntil(clients.claim());`
};

let browser, server, page;
before(async () => {
    browser = await launch();
    server = await startServer(answer);
    page = await browser.newPage();
    await page.goto(server.origin);
    await page.evaluate(async () => (window.createDPoP = (await import("/dist/proofs.js")).createDPoP));
});
after(async () => {
    await browser?.close();
    await server?.close();
});
beforeEach(() => {
    answers = {};
    server.requests.length = 0;
});

const run = (body, argument) =>
    page.evaluate(
        async ([body, argument]) => {
            try {
                return await (0, eval)(`(${body})`)(argument);
            } catch (error) {
                return { name: error.name, message: error.message, code: error.code };
            }
        },
        [body.toString(), argument]
    );

test("p1_to_p6 a proof names method, URL and token, and jkt is its key", async () => {
    const { jkt, proofs } = await run(async () => {
        const dpop = await createDPoP();
        const proofs = [];
        for (const request of [
            { method: "get", url: "https://api.example/a/b?q=1#f", accessToken: "t.o-k" },
            { method: "patch", url: new URL("https://api.example:443/"), accessToken: "t.o-k" },
            { method: "POST", url: "/token" }
        ]) {
            proofs.push(await dpop.proof(request));
        }
        proofs.push((await dpop.tokenRequestHeaders("https://as.example/token?x")).DPoP);
        return { jkt: dpop.jkt, proofs };
    });
    const claims = await Promise.all(proofs.map(read));
    assert.deepEqual(
        claims.map(({ htm, htu, ath }) => [htm, htu, ath]),
        [
            ["GET", "https://api.example/a/b", hash("t.o-k")],
            ["patch", "https://api.example/", hash("t.o-k")],
            ["POST", `${server.origin}/token`, undefined],
            ["POST", "https://as.example/token", undefined]
        ]
    );
    assert.deepEqual(new Set(claims.map(({ jkt }) => jkt)), new Set([jkt]));
});

test("s4_each key is its own and cannot be exported; one that is given is used", async () => {
    const result = await run(async () => {
        const made = [];
        const { generateKey } = SubtleCrypto.prototype;
        const keyPair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
        const [a, b, c, d] = await Promise.all([createDPoP(), createDPoP(), createDPoP({ keyPair }), createDPoP({ keyPair })]);
        const members = Object.getOwnPropertyNames(a).sort();
        return { jkts: [a, b, c, d].map(({ jkt }) => jkt), jwk: await crypto.subtle.exportKey("jwk", keyPair.publicKey), members, made, isNative: !!generateKey };
    });
    const [a, b, c, d] = result.jkts;
    assert.equal(new Set([a, b, c]).size, 3);
    assert.deepEqual([c, d], [await calculateJwkThumbprint(result.jwk), c]);
    assert.deepEqual(result.members, ["fetch", "jkt", "observe", "proof", "tokenRequestHeaders"]);
});

test("n2_n5 fetch answers a challenge once, with the same body", async () => {
    const challenge = { status: 401, headers: { "dpop-nonce": "n1", "www-authenticate": 'DPoP error="use_dpop_nonce"' }, body: "" };
    answers["/api"] = [challenge];
    const result = await run(async () => {
        const dpop = await createDPoP();
        const headers = { Authorization: "Bearer t" };
        const first = await (await dpop.fetch("/api", { method: "PUT", headers, body: "text" })).json();
        const plain = await (await dpop.fetch("/api", { method: "PUT", body: "text" })).json();
        return { first, plain };
    });
    assert.equal(result.first.authorization, "DPoP t");
    assert.equal(result.first.body, "text");
    assert.equal((await read(result.first.dpop)).nonce, "n1");
    assert.deepEqual([result.plain.dpop, result.plain.authorization], [undefined, undefined]);
    assert.equal(server.requests.length, 3);
});

test("n1_n4 nonces of the token endpoint and of an API are kept apart, also on one origin", async () => {
    const refusal = { status: 400, headers: { "dpop-nonce": "of-as", "content-type": "application/json" }, body: '{"error":"use_dpop_nonce"}' };
    answers["/token"] = [refusal, { headers: { "dpop-nonce": "next-of-as" }, body: "{}" }];
    answers["/api"] = [{ headers: { "dpop-nonce": "of-api" }, body: "{}" }];
    const proofs = await run(async () => {
        const dpop = await createDPoP({ tokenEndpoint: "/token" });
        await dpop.fetch("/token", { method: "POST", body: "grant_type=x" });
        await dpop.fetch("/api", { headers: { Authorization: "Bearer t" } });
        return [(await dpop.tokenRequestHeaders()).DPoP, await dpop.proof({ method: "GET", url: "/api", accessToken: "t" })];
    });
    const sent = server.requests.map(({ headers }) => headers["dpop"]);
    const nonces = [];
    for (const proof of [...sent, ...proofs]) {
        nonces.push((await read(proof)).nonce);
    }
    assert.deepEqual(nonces, [undefined, "of-as", undefined, "next-of-as", "of-api"]);
    assert.deepEqual(server.requests.map(({ body }) => body), ["grant_type=x", "grant_type=x", ""]);
});

test("observe says whether a new proof helps, and leaves the body unread", async () => {
    const json = { "content-type": "application/json" };
    answers["/token"] = [
        { status: 400, headers: { "dpop-nonce": "n1", ...json }, body: '{"error":"use_dpop_nonce"}' },
        { status: 400, headers: { "dpop-nonce": "n1", ...json }, body: '{"error":"use_dpop_nonce"}' },
        { status: 400, headers: { "dpop-nonce": "n2", ...json }, body: '{"error":"invalid_grant"}' },
        { body: "{}" }
    ];
    answers["/api"] = [
        { status: 401, headers: { "dpop-nonce": "n3", "www-authenticate": 'DPoP error="use_dpop_nonce"' } },
        { status: 401, headers: { "www-authenticate": 'DPoP error="invalid_token"' } },
        { body: "ok" }
    ];
    const result = await run(async () => {
        const dpop = await createDPoP({ tokenEndpoint: "/token" });
        const observed = [];
        for (let i = 0; i < 4; i++) {
            const response = await fetch("/token", { method: "POST", headers: await dpop.tokenRequestHeaders() });
            observed.push([response.status, await dpop.observe(response), await dpop.observe(response), !!(await response.json())]);
        }
        for (let i = 0; i < 3; i++) {
            const headers = { Authorization: "DPoP t", DPoP: await dpop.proof({ method: "GET", url: "/api", accessToken: "t" }) };
            const response = await fetch("/api", { headers });
            observed.push([response.status, await dpop.observe(response)]);
        }
        observed.push(await dpop.observe(await fetch("/elsewhere")), await dpop.observe(new Response("made")));
        return observed;
    });
    assert.deepEqual(result, [
        [400, true, false, true],
        // The same nonce again would be refused again.
        [400, false, false, true],
        [400, false, false, true],
        [200, false, false, true],
        [401, true],
        [401, false],
        [200, false],
        false,
        false
    ]);
});

test("what is never observed is bounded, and waits for nothing", async () => {
    const count = await run(async () => {
        const dpop = await createDPoP();
        let count = 0;
        for (let i = 0; i < 200; i++) {
            count += (await dpop.proof({ method: "GET", url: `https://api.example/${i}`, accessToken: `t${i % 100}` })).length > 0;
        }
        return count;
    });
    assert.equal(count, 200);
});

test("it signs however many tokens came before, for the oldest in use and for none", async () => {
    const { proofs, count } = await run(async () => {
        const dpop = await createDPoP();
        const prove = accessToken => dpop.proof({ method: "GET", url: "https://api.example/", accessToken });
        await prove("in-use");
        for (let i = 0; i < 70; i++) {
            await prove(`t${i}`);
            await prove("in-use");
        }
        const all = await Promise.all(Array.from({ length: 100 }, (_, i) => prove(`u${i}`)));
        return {
            proofs: [await prove("in-use"), await prove("t0"), (await dpop.tokenRequestHeaders("https://as.example/token")).DPoP],
            count: all.length
        };
    });
    const claims = await Promise.all(proofs.map(read));
    assert.deepEqual(claims.map(({ ath }) => ath), [hash("in-use"), hash("t0"), undefined]);
    assert.equal(count, 100);
});

test("a token that could not be hashed once is signed for the next time", async () => {
    // An engine's functions are saved when its module is evaluated: one that fails comes first.
    const other = await browser.newPage();
    await other.goto(server.origin);
    const { failed, proof } = await other.evaluate(async () => {
        const { digest } = SubtleCrypto.prototype;
        let isBroken = false;
        SubtleCrypto.prototype.digest = function (...args) {
            return isBroken ? Promise.reject(new DOMException("", "OperationError")) : digest.apply(this, args);
        };
        const dpop = await (await import("/dist/proofs.js")).createDPoP();
        const prove = () => dpop.proof({ method: "GET", url: "/x", accessToken: "t" });
        isBroken = true;
        const failed = await prove().then(() => "signed", ({ code }) => code);
        isBroken = false;
        return { failed, proof: await prove() };
    });
    await other.close();
    assert.equal(failed, "key_failed");
    assert.equal((await read(proof)).ath, hash("t"));
});

test("s4_a getter for `then` on Object.prototype gets no engine, no given key and no proof", async () => {
    const shown = await run(async () => {
        const keyPair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
        const shown = [];
        Object.defineProperty(Object.prototype, "then", {
            configurable: true,
            get() {
                // WebCrypto answers with the public key as an ordinary object.
                Object.getPrototypeOf(this) === Object.prototype && !("kty" in this && !("d" in this)) && shown.push(Object.keys(this).join());
                return undefined;
            }
        });
        try {
            const dpop = await createDPoP({ keyPair, tokenEndpoint: "/token" });
            await dpop.proof({ method: "GET", url: "/x", accessToken: "t" });
            await dpop.tokenRequestHeaders();
            await dpop.fetch("/api", { headers: { Authorization: "Bearer t" } });
            await dpop.observe(await dpop.fetch("/token", { method: "POST" }));
        } finally {
            delete Object.prototype.then;
        }
        return shown;
    });
    assert.deepEqual(shown, []);
});

test("s4_a patched Map or Promise sees nothing of a token that is adopted", async () => {
    const result = await run(async () => {
        const dpop = await createDPoP();
        const seen = [];
        const { get, set } = Map.prototype;
        const { Promise: native } = window;
        const isOurs = value => value === "secret" || typeof value?.resolve === "function" || typeof value?.authorization === "string";
        Map.prototype.get = function (key) {
            const value = get.call(this, key);
            isOurs(value) && seen.push("get");
            return value;
        };
        Map.prototype.set = function (key, value) {
            (isOurs(key) || isOurs(value)) && seen.push("set");
            return set.call(this, key, value);
        };
        window.Promise = class extends native {
            constructor(executor) {
                seen.push("Promise");
                super(executor);
            }
        };
        try {
            await dpop.proof({ method: "GET", url: "/x", accessToken: "secret" });
        } finally {
            Object.assign(Map.prototype, { get, set });
            window.Promise = native;
        }
        return seen;
    });
    assert.deepEqual(result, []);
});

test("fetch does not send a token that it knows in a form that it does not understand", async () => {
    const result = await run(async () => {
        const dpop = await createDPoP();
        const send = Authorization => dpop.fetch("/api", { headers: { Authorization } }).then(response => response.json(), ({ name, message }) => ({ name, message }));
        const results = [await send("Bearer token-1"), await send("Bearer token-1, Bearer token-1"), await send("Token token-1"), await send("Token other")];
        await dpop.proof({ method: "GET", url: "/x", accessToken: "token-2" });
        return [...results, await send("Bearer a token-2")];
    });
    const refused = { name: "TypeError", message: `countersign: GET ${server.origin}/api was not sent: a DPoP-bound token goes out as \`Authorization: Bearer <token>\` only` };
    const [first, list, scheme, other, proved] = result;
    assert.equal(first.authorization, "DPoP token-1");
    assert.deepEqual([list, scheme, proved], [refused, refused, refused]);
    assert.deepEqual([other.authorization, other.dpop], ["Token other", undefined]);
    assert.deepEqual(server.requests.map(({ headers }) => headers["authorization"]), ["DPoP token-1", "Token other"]);
});

for (const [what, code] of Object.entries({
    "an unknown option": () => createDPoP({ tokenUrl: "/token" }),
    "a token endpoint that is no URL": () => createDPoP({ tokenEndpoint: "data:x" }),
    "a key of another kind": async () => createDPoP({ keyPair: await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-384" }, false, ["sign"]) }),
    "half a pair": async () => createDPoP({ keyPair: { privateKey: (await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"])).privateKey } }),
    "no method": async () => (await createDPoP()).proof({ url: "/x" }),
    "an empty token": async () => (await createDPoP()).proof({ method: "GET", url: "/x", accessToken: "" }),
    "a URL that is none": async () => (await createDPoP()).proof({ method: "GET", url: "http://" }),
    "no token endpoint": async () => (await createDPoP()).tokenRequestHeaders()
})) {
    test(`${what} is a TypeError with a sentence`, async () => {
        const { name, message } = await run(code);
        assert.equal(name, "TypeError");
        assert.match(message, /^countersign: .+[.]$/);
    });
}

test("a member of Object.prototype is no option and no token", async () => {
    const proof = await run(async () => {
        Object.assign(Object.prototype, { accessToken: "planted", tokenEndpoint: "https://thief.example/" });
        try {
            const dpop = await createDPoP();
            const error = await dpop.tokenRequestHeaders().catch(error => error.name);
            return [await dpop.proof({ method: "GET", url: "/x" }), error];
        } finally {
            delete Object.prototype.accessToken;
            delete Object.prototype.tokenEndpoint;
        }
    });
    assert.equal((await read(proof[0])).ath, undefined);
    assert.equal(proof[1], "TypeError");
});

for (const kind of ["dedicated", "shared", "service"]) {
    test(`it works in a ${kind} worker, with a key of its own`, async () => {
        const result = await run(async kind => {
            const answered = target => new Promise(resolve => (target.onmessage = ({ data }) => resolve(data)));
            if (kind === "dedicated") {
                return answered(new Worker("/dedicated.js", { type: "module" }));
            }
            if (kind === "shared") {
                return answered(new SharedWorker("/shared.js", { type: "module" }).port);
            }
            await navigator.serviceWorker.register("/service.js", { type: "module" });
            const { active } = await navigator.serviceWorker.ready;
            const done = answered(navigator.serviceWorker);
            active.postMessage("work");
            return done;
        }, kind);
        assert.equal(typeof result, "object", String(result));
        const { jkt, call, token, proof } = result;
        const [first, second, third] = await Promise.all([call.dpop, token.dpop, proof].map(read));
        assert.deepEqual([first.jkt, second.jkt, third.jkt], [jkt, jkt, jkt]);
        assert.deepEqual([call.authorization, first.ath, token.body, second.htm], ["DPoP t", hash("t"), "a=b", "POST"]);
    });
}
