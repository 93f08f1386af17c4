// The fetch interceptor in real Chromium: platform semantics, one retry, redirects, abort, nothing for others.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, openPage, proofOf, startServer } from "./support/page.mjs";

/** `/nonce...`: 401 with a nonce until the proof has one. Others as their path says. */
function answer({ url, method, headers }) {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    const proof = headers["dpop"]?.startsWith("{") ? JSON.parse(headers["dpop"]) : undefined;
    if (pathname.startsWith("/nonce") && !proof?.nonce) {
        return { status: 401, headers: { "dpop-nonce": "n1", "www-authenticate": 'DPoP error="use_dpop_nonce"' }, body: "challenge" };
    }
    if (pathname === "/always-401") {
        return { status: 401, headers: { "dpop-nonce": "again" }, body: "refused" };
    }
    if (pathname === "/redirect") {
        return { status: Number(searchParams.get("status")), headers: { location: searchParams.get("to") } };
    }
    if (pathname.startsWith("/strict")) {
        const htu = new URL(proof?.htu ?? "http://none/").pathname;
        return htu === pathname ? { body: `strict ${method}` } : { status: 401, body: "wrong htu" };
    }
    if (pathname === "/cut") {
        return undefined;
    }
    if (pathname === "/slow") {
        return new Promise(resolve => setTimeout(resolve, 3000, { body: "slow" }));
    }
    return { body: "ok" };
}

let browser, server, page;
before(async () => {
    browser = await launch();
    server = await startServer(answer);
    page = await openPage(browser, server);
});
after(async () => {
    await browser?.close();
    await server?.close();
});
afterEach(async () => {
    assert.equal(await page.evaluate(() => window.openAttempts()), 0, "every attempt was observed or released");
    server.requests.length = 0;
});

/** Runs `body` in the page; the result is what it returns, or `{ error: { name, message } }`. */
const run = (body, argument) =>
    page.evaluate(
        async ([body, argument]) => {
            window.resetKnobs();
            try {
                return await (0, eval)(`(${body})`)(argument);
            } catch (error) {
                return { error: { name: error.name, message: error.message, isDomException: error instanceof DOMException } };
            }
        },
        [body.toString(), argument]
    );

test("r1_bearer_with_a_bound_token_goes_out_as_dpop", async () => {
    const text = await run(async () => (await fetch("/api?x=1#f", { headers: { Authorization: "Bearer bound-1" } })).text());
    assert.equal(text, "ok");
    const [request] = server.requests;
    assert.equal(request.headers["authorization"], "DPoP bound-1");
    assert.deepEqual(proofOf(request), { htm: "GET", htu: `${server.origin}/api`, jti: proofOf(request).jti });
});

for (const [name, headers] of Object.entries({
    "lower case scheme": { authorization: "bearer bound-1" },
    "an app that writes DPoP itself": { Authorization: "DPoP bound-1", DPoP: "its own" },
    "pairs": [["AUTHORIZATION", "Bearer bound-1"]]
})) {
    test(`r2_scheme_and_header_case_do_not_matter: ${name}`, async () => {
        await run(headers => fetch("/api", { method: "put", headers, body: "x" }), headers);
        const [request] = server.requests;
        assert.equal(request.headers["authorization"], "DPoP bound-1");
        assert.equal(proofOf(request).htm, "PUT");
    });
}

test("an iterator of headers is read once", async () => {
    await run(() => fetch("/api", { headers: new Map([["Authorization", "Bearer bound-1"], ["x-a", "1"]]).entries() }));
    await run(() => fetch("/api", { headers: new Map([["Authorization", "Bearer other"], ["x-a", "1"]]).entries() }));
    const [ours, other] = server.requests;
    assert.deepEqual([ours.headers["authorization"], ours.headers["x-a"]], ["DPoP bound-1", "1"]);
    assert.deepEqual([other.headers["authorization"], other.headers["x-a"]], ["Bearer other", "1"]);
});

test("rs1_a_request_without_our_token_is_untouched_and_gets_no_proof", async () => {
    const seen = await run(async () => {
        const headers = { DPoP: "anything", Authorization: "Bearer other" };
        const results = [];
        for (const args of [["/api", { headers }], ["/api"], [new URL("/api", location.href)], [new Request("/api", { headers: { DPoP: "x" } })]]) {
            results.push((await fetch(...args)).status);
        }
        return { results, log: window.log };
    });
    assert.deepEqual(seen, { results: [200, 200, 200, 200], log: [] });
    assert.equal(server.requests[0].headers["dpop"], "anything");
    assert.equal(server.requests[0].headers["authorization"], "Bearer other");
    assert.equal(server.requests[3].headers["dpop"], "x");
});

test("the native function gets the very same arguments and this", async () => {
    const result = await run(async () => {
        const errors = [];
        for (const call of [() => fetch(), () => fetch.call({}, "/api"), () => fetch("/api", { headers: { "bad name": "x" } })]) {
            errors.push(await call().then(() => "none", error => error.name));
        }
        return { errors, length: fetch.length, name: fetch.name };
    });
    assert.deepEqual(result, { errors: ["TypeError", "TypeError", "TypeError"], length: 1, name: "fetch" });
});

test("rc2_init_overrides_the_members_of_a_request", async () => {
    const result = await run(async () => {
        const request = new Request("/api", { method: "POST", body: "old", headers: { Authorization: "Bearer bound-old", "x-old": "1" } });
        await fetch(request, { method: "PUT", body: "new", headers: { Authorization: "Bearer bound-new" } });
        await fetch(new Request("/api", { headers: { Authorization: "Bearer bound-1" } }), { method: "DELETE" });
        return fetch(new Request("/api", { headers: { Authorization: "Bearer bound-1" } }), { signal: AbortSignal.abort(new RangeError("mine")) });
    });
    assert.deepEqual(result, { error: { name: "RangeError", message: "mine", isDomException: false } });
    const [put, del, ...none] = server.requests;
    assert.deepEqual([put.method, put.body, put.headers["authorization"], put.headers["x-old"]], ["PUT", "new", "DPoP bound-new", undefined]);
    assert.deepEqual([del.method, del.headers["authorization"], proofOf(del).htm], ["DELETE", "DPoP bound-1", "DELETE"]);
    assert.equal(none.length, 0);
});

test("headers of init without Authorization hide the token of a Request", async () => {
    await run(() => fetch(new Request("/api", { headers: { Authorization: "Bearer bound-1" } }), { headers: { "x-a": "1" } }));
    assert.equal(server.requests[0].headers["authorization"], undefined);
    assert.equal(server.requests[0].headers["dpop"], undefined);
});

const bodies = {
    "no body": { method: "DELETE", make: "undefined", type: undefined, body: /^$/ },
    "string": { method: "POST", make: '"text"', type: "text/plain;charset=UTF-8", body: /^text$/ },
    "URLSearchParams": { method: "POST", make: 'new URLSearchParams({ a: "b c" })', type: "application/x-www-form-urlencoded;charset=UTF-8", body: /^a=b\+c$/ },
    "FormData": { method: "PUT", make: '(() => { const f = new FormData(); f.append("n", "v"); f.append("file", new File(["content"], "a.txt")); return f; })()', type: /^multipart\/form-data; boundary=/, body: /name="n"\r\n\r\nv\r\n[^]*filename="a.txt"[^]*content/ },
    "Blob": { method: "PATCH", make: 'new Blob(["blob"], { type: "x/y" })', type: "x/y", body: /^blob$/ },
    "ArrayBuffer": { method: "POST", make: 'new TextEncoder().encode("bytes").buffer', type: undefined, body: /^bytes$/ }
};
for (const [name, { method, make, type, body }] of Object.entries(bodies)) {
    for (const form of ["init", "Request"]) {
        test(`rc1_a_challenge_is_answered_once_with_the_same_body: ${method} ${name} as ${form}`, async () => {
            const result = await run(
                async ([method, make, form]) => {
                    const init = { method, body: (0, eval)(make), headers: { Authorization: "Bearer bound-1" } };
                    const response = await (form === "init" ? fetch("/nonce", init) : fetch(new Request("/nonce", init)));
                    return { status: response.status, text: await response.text() };
                },
                [method, make, form]
            );
            assert.deepEqual(result, { status: 200, text: "ok" });
            assert.equal(server.requests.length, 2);
            for (const request of server.requests) {
                assert.equal(request.method, method);
                assert.match(request.body, body);
                if (type instanceof RegExp) assert.match(request.headers["content-type"], type);
                else assert.equal(request.headers["content-type"], type);
                assert.equal(request.headers["transfer-encoding"], undefined);
            }
            const [first, second] = server.requests.map(proofOf);
            assert.deepEqual([first.nonce, second.nonce], [undefined, "n1"]);
            assert.notEqual(first.jti, second.jti);
        });
    }
}

test("n5_a_second_challenge_is_delivered", async () => {
    const result = await run(async () => {
        const response = await fetch("/always-401", { method: "POST", body: "x", headers: { Authorization: "Bearer bound-1" } });
        return [response.status, await response.text()];
    });
    assert.deepEqual(result, [401, "refused"]);
    assert.equal(server.requests.length, 2);
});

test("the body is taken when fetch is called", async () => {
    await run(async () => {
        window.knobs.delay = 30;
        const form = new FormData();
        form.append("a", "before");
        const bytes = new Uint8Array([65]);
        const headers = { Authorization: "Bearer bound-1" };
        const sent = [fetch("/api?form", { method: "POST", body: form, headers }), fetch("/api?bytes", { method: "POST", body: bytes, headers })];
        form.append("b", "after");
        bytes[0] = 66;
        await Promise.all(sent);
    });
    const byUrl = end => server.requests.find(({ url }) => url.endsWith(end)).body;
    assert.equal(byUrl("bytes"), "A");
    assert.doesNotMatch(byUrl("form"), /after/);
});

test("a Request's body is used up as fetch uses it up", async () => {
    const result = await run(async () => {
        const request = new Request("/api", { method: "POST", body: "x", headers: { Authorization: "Bearer bound-1" } });
        const sent = fetch(request);
        const used = request.bodyUsed;
        await sent;
        return [used, await fetch(request).catch(error => error.name)];
    });
    assert.deepEqual(result, [true, "TypeError"]);
});

test("a stream is sent once and its challenge delivered", async () => {
    const result = await run(async () => {
        window.knobs.delay = 0;
        const body = new ReadableStream({ start: c => { c.enqueue(new TextEncoder().encode("s")); c.close(); } });
        try {
            const response = await fetch("/nonce", { method: "POST", body, duplex: "half", headers: { Authorization: "Bearer bound-1" } });
            return { status: response.status };
        } catch (error) {
            return { name: error.name, log: window.log.map(([what]) => what) };
        }
    });
    // Chromium sends streams over HTTP/2 only: over HTTP/1.1 it is the platform's own error, and nothing is sent twice.
    assert.deepEqual(result, { name: "TypeError", log: ["upgrade", "release"] });
    assert.ok(server.requests.length <= 1);
});

test("abort before the proof is there rejects with the signal's reason and sends nothing", async () => {
    const result = await run(async () => {
        window.knobs.delay = 50;
        const controller = new AbortController();
        const sent = fetch("/api", { signal: controller.signal, headers: { Authorization: "Bearer bound-1" } });
        controller.abort();
        return sent;
    });
    assert.deepEqual(result.error.name, "AbortError");
    assert.equal(result.error.isDomException, true);
    assert.equal(server.requests.length, 0);
});

test("abort while the request is under way rejects with the signal's reason", async () => {
    const result = await run(async () => {
        const controller = new AbortController();
        const sent = fetch("/slow", { signal: controller.signal, headers: { Authorization: "Bearer bound-1" } });
        setTimeout(() => controller.abort("why"), 100);
        return sent.then(() => "delivered", reason => ({ reason, log: window.log.map(([what]) => what) }));
    });
    assert.deepEqual(result, { reason: "why", log: ["upgrade", "release"] });
});

test("a then on Object.prototype is not shown what is sent again", async () => {
    const seen = await run(async () => {
        const seen = [];
        Object.defineProperty(Object.prototype, "then", {
            configurable: true,
            get() {
                seen.push(...Object.keys(this));
                return undefined;
            }
        });
        try {
            for (const path of ["/nonce", "/redirect?status=302&to=/strict"]) {
                await fetch(path, { headers: { Authorization: "Bearer bound-1" } });
            }
        } finally {
            delete Object.prototype.then;
        }
        return seen;
    });
    // The fake engine's own objects are plain ones.
    assert.ok(seen.includes("proof") && !seen.includes("upgrade"), String(seen));
    assert.equal(server.requests.length, 5);
});

test("a network error is the platform's own", async () => {
    const result = await run(() => fetch("/cut", { headers: { Authorization: "Bearer bound-1" } }));
    assert.deepEqual(result.error, { name: "TypeError", message: "Failed to fetch", isDomException: false });
});

test("rc3_a_failing_key_is_a_type_error_that_says_so", async () => {
    const result = await run(async () => {
        window.knobs.authorizeError = "no key";
        return fetch("/api", { headers: { Authorization: "Bearer bound-1" } }).catch(error => [error.name, error.message, error.cause.message]);
    });
    assert.deepEqual(result, ["TypeError", `countersign: GET ${server.origin}/api was not sent: no key`, "no key"]);
    assert.equal(server.requests.length, 0);
});

test("a failure while observing delivers the response", async () => {
    const result = await run(async () => {
        window.knobs.observeError = "broken";
        return (await fetch("/nonce", { headers: { Authorization: "Bearer bound-1" } })).status;
    });
    assert.equal(result, 401);
});

test("rc12_a_same_origin_redirect_gets_one_try_with_a_proof_for_the_final_url", async () => {
    const result = await run(async () => {
        const response = await fetch("/redirect?status=302&to=/strict/final?q=1", { headers: { Authorization: "Bearer bound-1", "x-a": "1" } });
        return [response.status, await response.text()];
    });
    assert.deepEqual(result, [200, "strict GET"]);
    const last = server.requests.at(-1);
    assert.deepEqual([last.url, last.headers["x-a"], proofOf(last).htu], ["/strict/final?q=1", "1", `${server.origin}/strict/final`]);
    assert.equal(server.requests.length, 3);
});

test("rc12_a_redirected_post_is_not_repeated", async () => {
    const status = await run(async () => (await fetch("/redirect?status=307&to=/strict/final", { method: "POST", body: "x", headers: { Authorization: "Bearer bound-1" } })).status);
    assert.equal(status, 401);
    assert.deepEqual(server.requests.map(({ method, url, body }) => `${method} ${url.split("?")[0]} ${body}`), ["POST /redirect x", "POST /strict/final x"]);
});

test("the engine is told that another origin has answered after a redirect", async () => {
    const other = await startServer(({ method }) => ({ status: method === "OPTIONS" ? 204 : 401, headers: { "access-control-allow-origin": "*", "access-control-allow-headers": "dpop, authorization", "access-control-expose-headers": "*", "dpop-nonce": "foreign" } }));
    try {
        const result = await run(
            async to => {
                const { status } = await fetch(`/redirect?status=302&to=${to}`, { headers: { Authorization: "Bearer bound-1" } });
                return [status, window.log.map(([what]) => what), window.answeredBy];
            },
            `${other.origin}/x`
        );
        assert.deepEqual(result, [401, ["upgrade", "observe"], `${other.origin}/x`]);
    } finally {
        await other.close();
    }
});

test("referrer, credentials, cache and mode are kept", async () => {
    await run(() => fetch("/api", { referrer: "/elsewhere", referrerPolicy: "unsafe-url", cache: "no-store", headers: { Authorization: "Bearer bound-1" } }));
    const [request] = server.requests;
    assert.equal(request.headers["referer"], `${server.origin}/elsewhere`);
    assert.equal(request.headers["cache-control"], "no-cache");
});

test("a no-cors request, whose Authorization the platform drops, gets no proof", async () => {
    await run(() => fetch("/api", { mode: "no-cors", headers: { Authorization: "Bearer bound-1" } }));
    assert.equal(server.requests[0].headers["authorization"], undefined);
    assert.equal(server.requests[0].headers["dpop"], undefined);
});
