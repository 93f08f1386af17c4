// The XMLHttpRequest interceptor in real Chromium: the app sees one request, with the platform's events.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, openPage, proofOf, startServer } from "./support/page.mjs";

function answer({ url, method, headers }) {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    const proof = headers["dpop"]?.startsWith("{") ? JSON.parse(headers["dpop"]) : undefined;
    if (pathname === "/nonce" && !proof?.nonce) {
        return { status: 401, headers: { "dpop-nonce": "n1", "www-authenticate": 'DPoP error="use_dpop_nonce"' }, body: "challenge" };
    }
    if (pathname === "/always-401") {
        return { status: 401, headers: { "dpop-nonce": "again" }, body: "refused" };
    }
    if (pathname === "/plain-401") {
        return { status: 401, body: "refused" };
    }
    if (pathname === "/redirect") {
        return { status: 302, headers: { location: searchParams.get("to") } };
    }
    if (pathname === "/strict") {
        return new URL(proof.htu).pathname === pathname ? { body: `strict ${method}` } : { status: 401, body: "wrong htu" };
    }
    if (pathname === "/cut") {
        return undefined;
    }
    if (pathname === "/slow") {
        return new Promise(resolve => setTimeout(resolve, 2000, { body: "slow" }));
    }
    if (searchParams.has("xml")) {
        return { body: "<a/>" };
    }
    return { headers: { "content-type": "application/json" }, body: '{"ok":true}' };
}

let browser, server, page;
before(async () => {
    browser = await launch();
    server = await startServer(answer);
    page = await openPage(browser, server);
    await page.evaluate(() => {
        // Every event with what the app can see in it.
        window.record = xhr => {
            const events = [];
            for (const type of ["readystatechange", "loadstart", "progress", "abort", "error", "load", "timeout", "loadend"]) {
                xhr.addEventListener(type, () => events.push(type === "readystatechange" ? `state ${xhr.readyState} ${xhr.status}` : type));
                xhr.upload.addEventListener(type, () => events.push(`upload ${type}`));
            }
            return events;
        };
        window.settled = xhr => new Promise(resolve => xhr.addEventListener("loadend", () => setTimeout(resolve, 30)));
    });
});
after(async () => {
    await browser?.close();
    await server?.close();
});
afterEach(async () => {
    assert.equal(await page.evaluate(() => window.openAttempts()), 0, "every attempt was observed or released");
    server.requests.length = 0;
});

const run = (body, argument) =>
    page.evaluate(
        async ([body, argument]) => {
            window.resetKnobs();
            return (0, eval)(`(${body})`)(argument);
        },
        [body.toString(), argument]
    );

const SUCCESS = ["state 2 200", "state 3 200", "progress", "state 4 200", "load", "loadend"];

test("r1_bearer_with_a_bound_token_goes_out_as_dpop", async () => {
    const result = await run(async () => {
        const xhr = new XMLHttpRequest();
        const events = window.record(xhr);
        xhr.open("get", "/api?x=1#f");
        xhr.responseType = "json";
        xhr.setRequestHeader("Authorization", "bearer bound-1");
        xhr.setRequestHeader("X-A", "1");
        xhr.setRequestHeader("x-a", "2");
        xhr.setRequestHeader("DPoP", "the app's");
        xhr.send();
        await window.settled(xhr);
        return { events, response: xhr.response, url: xhr.responseURL, header: xhr.getResponseHeader("content-type") };
    });
    const [request] = server.requests;
    assert.deepEqual([request.headers["authorization"], request.headers["x-a"], request.url], ["DPoP bound-1", "1, 2", "/api?x=1"]);
    assert.deepEqual([proofOf(request).htm, proofOf(request).htu], ["GET", `${server.origin}/api`]);
    assert.deepEqual(result.response, { ok: true });
    assert.equal(result.header, "application/json");
    assert.deepEqual(result.events, ["state 1 0", "loadstart", ...SUCCESS]);
});

test("rs1_a_request_without_our_token_is_untouched", async () => {
    const result = await run(async () => {
        const xhr = new XMLHttpRequest();
        const events = window.record(xhr);
        xhr.open("POST", "/api");
        xhr.setRequestHeader("DPoP", "anything");
        xhr.setRequestHeader("Authorization", "Bearer other");
        xhr.send("x");
        const started = [...events];
        await window.settled(xhr);
        const sync = new XMLHttpRequest();
        sync.open("GET", "/api", false);
        sync.setRequestHeader("Authorization", "Bearer other");
        sync.send();
        return { started, status: xhr.status, sync: sync.status, log: window.log };
    });
    assert.deepEqual(result, { started: ["state 1 0", "loadstart", "upload loadstart"], status: 200, sync: 200, log: [] });
    assert.deepEqual([server.requests[0].headers["dpop"], server.requests[0].headers["authorization"]], ["anything", "Bearer other"]);
});

const bodies = {
    "no body": ["DELETE", "undefined", /^$/, undefined],
    "string": ["POST", '"text"', /^text$/, "text/plain;charset=UTF-8"],
    "FormData": ["PUT", '(() => { const f = new FormData(); f.append("n", "v"); f.append("file", new File(["content"], "a.txt")); return f; })()', /name="n"\r\n\r\nv\r\n[^]*filename="a.txt"[^]*content/, /^multipart\/form-data; boundary=/],
    "URLSearchParams": ["POST", 'new URLSearchParams({ a: "b c" })', /^a=b\+c$/, "application/x-www-form-urlencoded;charset=UTF-8"],
    "Blob": ["PATCH", 'new Blob(["blob"], { type: "x/y" })', /^blob$/, "x/y"],
    "ArrayBuffer": ["POST", 'new TextEncoder().encode("bytes").buffer', /^bytes$/, undefined],
    "view": ["POST", 'new TextEncoder().encode("bytes").subarray(1)', /^ytes$/, undefined],
    "Document": ["POST", 'new DOMParser().parseFromString("<a>b</a>", "text/xml")', /^<a>b<\/a>$/, "application/xml;charset=UTF-8"]
};
for (const [name, [method, make, body, type]] of Object.entries(bodies)) {
    test(`rc1_a_challenge_is_answered_once_and_the_app_sees_one_request: ${method} ${name}`, async () => {
        const result = await run(
            async ([method, make]) => {
                const xhr = new XMLHttpRequest();
                const events = window.record(xhr);
                xhr.open(method, "/nonce", true);
                xhr.setRequestHeader("Authorization", "Bearer bound-1");
                xhr.setRequestHeader("X-A", "1");
                xhr.withCredentials = true;
                xhr.timeout = 5000;
                xhr.send((0, eval)(make));
                await window.settled(xhr);
                return { events, text: xhr.responseText, timeout: xhr.timeout, withCredentials: xhr.withCredentials };
            },
            [method, make]
        );
        const upload = make === "undefined" ? [] : ["upload progress", "upload load", "upload loadend"];
        const started = make === "undefined" ? ["loadstart"] : ["loadstart", "upload loadstart"];
        assert.deepEqual(result, { events: ["state 1 0", ...started, ...upload, ...SUCCESS], text: '{"ok":true}', timeout: 5000, withCredentials: true });
        assert.equal(server.requests.length, 2);
        for (const request of server.requests) {
            assert.deepEqual([request.method, request.headers["x-a"]], [method, "1"]);
            assert.match(request.body, body);
            if (type instanceof RegExp) assert.match(request.headers["content-type"], type);
            else assert.equal(request.headers["content-type"], type);
        }
        assert.deepEqual(server.requests.map(proofOf).map(({ nonce, htm }) => [nonce, htm]), [[undefined, method], ["n1", method]]);
    });
}

for (const [path, requests] of [["/plain-401", 1], ["/always-401", 2]]) {
    test(`n5_a_401_that_is_not_answered_is_delivered: ${path}`, async () => {
        const result = await run(async path => {
            const xhr = new XMLHttpRequest();
            const events = window.record(xhr);
            xhr.open("GET", path);
            xhr.setRequestHeader("Authorization", "Bearer bound-1");
            let loaded;
            xhr.onload = ({ loaded: bytes }) => (loaded = bytes);
            xhr.send();
            await window.settled(xhr);
            return { events: events.filter(event => /state [14]|^load/.test(event)), text: xhr.responseText, loaded };
        }, path);
        assert.deepEqual(result, { events: ["state 1 0", "loadstart", "state 4 401", "load", "loadend"], text: "refused", loaded: 7 });
        assert.equal(server.requests.length, requests);
    });
}

test("on... handlers, properties and capturing order see no challenged attempt either", async () => {
    const result = await run(async () => {
        const xhr = new XMLHttpRequest();
        const seen = [];
        xhr.onreadystatechange = () => seen.push(`state ${xhr.readyState} ${xhr.status}`);
        xhr.onload = () => seen.push("load");
        xhr.onloadend = () => seen.push("loadend");
        xhr.onerror = () => seen.push("error");
        xhr.open("POST", "/nonce");
        xhr.setRequestHeader("Authorization", "Bearer bound-1");
        xhr.send("x");
        await window.settled(xhr);
        return seen;
    });
    assert.deepEqual(result, ["state 1 0", "state 2 200", "state 3 200", "state 4 200", "load", "loadend"]);
});

test("rc3_a_failing_key_fires_error_and_loadend", async () => {
    const result = await run(async () => {
        window.knobs.authorizeError = "no key";
        const xhr = new XMLHttpRequest();
        const events = window.record(xhr);
        xhr.open("POST", "/api");
        xhr.setRequestHeader("Authorization", "Bearer bound-1");
        xhr.send("x");
        await window.settled(xhr);
        return { events, state: xhr.readyState, status: xhr.status, text: xhr.responseText, url: xhr.responseURL };
    });
    assert.deepEqual(result, {
        events: ["state 1 0", "loadstart", "upload loadstart", "state 4 0", "upload error", "upload loadend", "error", "loadend"],
        state: 4,
        status: 0,
        text: "",
        url: ""
    });
    assert.equal(server.requests.length, 0);
});

// Chromium tells of the end of an upload where there was none.
test("rc3_abort_between_send_and_the_real_send", async () => {
    const result = await run(async () => {
        window.knobs.delay = 50;
        const xhr = new XMLHttpRequest();
        const events = window.record(xhr);
        xhr.open("GET", "/api");
        xhr.setRequestHeader("Authorization", "Bearer bound-1");
        xhr.send();
        xhr.abort();
        const now = [...events];
        await new Promise(resolve => setTimeout(resolve, 150));
        return { now, later: events.length, state: xhr.readyState };
    });
    assert.deepEqual(result, { now: ["state 1 0", "loadstart", "state 4 0", "upload abort", "upload loadend", "abort", "loadend"], later: 7, state: 0 });
    assert.equal(server.requests.length, 0);
});

test("abort while a challenge is being answered", async () => {
    const result = await run(async () => {
        let go;
        window.knobs.holdObserve = new Promise(resolve => (go = resolve));
        const xhr = new XMLHttpRequest();
        const events = window.record(xhr);
        xhr.open("GET", "/nonce");
        xhr.setRequestHeader("Authorization", "Bearer bound-1");
        xhr.send();
        while (!window.log.some(([what]) => what === "observe")) {
            await new Promise(resolve => setTimeout(resolve, 5));
        }
        xhr.abort();
        go();
        await new Promise(resolve => setTimeout(resolve, 100));
        return { events, state: xhr.readyState, log: window.log.map(([what]) => what) };
    });
    assert.deepEqual(result, { events: ["state 1 0", "loadstart", "state 4 0", "upload abort", "upload loadend", "abort", "loadend"], state: 0, log: ["upgrade", "observe", "upgrade", "release"] });
    assert.equal(server.requests.length, 1);
});

for (const method of ["GET", "POST"]) {
    test(`abort under way, timeout and network error are the platform's own: ${method}`, async () => {
        const [ours, native] = await run(async method => {
            const both = [];
            for (const token of ["bound-1", "other"]) {
                const all = {};
                for (const [name, path, timeout] of [["abort", "/slow", 0], ["timeout", "/slow", 100], ["error", "/cut", 0]]) {
                    const xhr = new XMLHttpRequest();
                    const events = window.record(xhr);
                    xhr.open(method, path);
                    xhr.timeout = timeout;
                    xhr.setRequestHeader("Authorization", `Bearer ${token}`);
                    xhr.send(method === "POST" ? "body" : undefined);
                    const ended = window.settled(xhr);
                    if (name === "abort") {
                        setTimeout(() => xhr.abort(), 500);
                    }
                    await ended;
                    all[name] = events;
                }
                both.push(all);
            }
            both[0].log = window.log.map(([what]) => what);
            return both;
        }, method);
        const { log, ...events } = ours;
        assert.deepEqual(events, native);
        assert.deepEqual(log, ["upgrade", "release", "upgrade", "release", "upgrade", "release"]);
        assert.deepEqual(native.error.slice(-2), ["error", "loadend"]);
    });
}

test("rc3_an_instance_can_be_used_again", async () => {
    const result = await run(async () => {
        const xhr = new XMLHttpRequest();
        const texts = [];
        for (const [path, token] of [["/nonce", "bound-1"], ["/api", "other"], ["/always-401", "bound-2"], ["/api", "bound-1"]]) {
            xhr.open("GET", path);
            xhr.setRequestHeader("Authorization", `Bearer ${token}`);
            await new Promise(resolve => {
                xhr.onloadend = resolve;
                xhr.send();
            });
            texts.push(`${xhr.status} ${xhr.responseText}`);
        }
        return texts;
    });
    assert.deepEqual(result, ['200 {"ok":true}', '200 {"ok":true}', "401 refused", '200 {"ok":true}']);
});

test("open() again while waiting replaces the request", async () => {
    const result = await run(async () => {
        window.knobs.delay = 40;
        const xhr = new XMLHttpRequest();
        xhr.open("GET", "/api?first");
        xhr.setRequestHeader("Authorization", "Bearer bound-1");
        xhr.send();
        const events = window.record(xhr);
        xhr.open("GET", "/api?second");
        xhr.setRequestHeader("Authorization", "Bearer bound-1");
        xhr.send();
        await window.settled(xhr);
        return events;
    });
    assert.deepEqual(result, ["loadstart", ...SUCCESS]);
    assert.deepEqual(server.requests.map(({ url }) => url), ["/api?second"]);
});

test("a request that waits is sent: setRequestHeader and send throw", async () => {
    const result = await run(async () => {
        const xhr = new XMLHttpRequest();
        xhr.open("GET", "/api");
        xhr.setRequestHeader("Authorization", "Bearer bound-1");
        xhr.send();
        const errors = [];
        for (const call of [() => xhr.setRequestHeader("a", "b"), () => xhr.send()]) {
            try {
                call();
            } catch (error) {
                errors.push(error.name);
            }
        }
        await window.settled(xhr);
        return { errors, status: xhr.status };
    });
    assert.deepEqual(result, { errors: ["InvalidStateError", "InvalidStateError"], status: 200 });
    assert.equal(server.requests.length, 1);
});

test("a synchronous request with one of our tokens throws a clear error", async () => {
    const result = await run(() => {
        const xhr = new XMLHttpRequest();
        xhr.open("GET", "/api", false);
        xhr.setRequestHeader("Authorization", "Bearer bound-1");
        try {
            xhr.send();
        } catch (error) {
            return [error.name, error.message];
        }
    });
    assert.deepEqual(result, [
        "InvalidAccessError",
        `countersign: a synchronous XMLHttpRequest cannot carry a DPoP-bound token (${server.origin}/api): signing is asynchronous.`
    ]);
    assert.equal(server.requests.length, 0);
});

test("the body is taken when send is called", async () => {
    await run(async () => {
        window.knobs.delay = 30;
        const form = new FormData();
        form.append("a", "before");
        const bytes = new Uint8Array([65]);
        const sent = [["/api?form", form], ["/api?bytes", bytes]].map(([path, body]) => {
            const xhr = new XMLHttpRequest();
            xhr.open("POST", path);
            xhr.setRequestHeader("Authorization", "Bearer bound-1");
            xhr.send(body);
            return window.settled(xhr);
        });
        form.append("b", "after");
        bytes[0] = 66;
        await Promise.all(sent);
    });
    const byUrl = end => server.requests.find(({ url }) => url.endsWith(end)).body;
    assert.equal(byUrl("bytes"), "A");
    assert.doesNotMatch(byUrl("form"), /after/);
});

test("rc12_a_same_origin_redirect_gets_one_try_with_a_proof_for_the_final_url", async () => {
    const result = await run(async () => {
        const xhr = new XMLHttpRequest();
        const events = window.record(xhr);
        xhr.open("GET", "/redirect?to=/strict");
        xhr.setRequestHeader("Authorization", "Bearer bound-1");
        xhr.send();
        await window.settled(xhr);
        return { events, text: xhr.responseText };
    });
    assert.deepEqual(result, { events: ["state 1 0", "loadstart", ...SUCCESS], text: "strict GET" });
    assert.equal(proofOf(server.requests.at(-1)).htu, `${server.origin}/strict`);
});

test("overrideMimeType, responseType and an invalid open() behave as ever", async () => {
    const result = await run(async () => {
        const xhr = new XMLHttpRequest();
        xhr.open("GET", "/nonce?xml");
        xhr.overrideMimeType("text/xml");
        xhr.responseType = "document";
        xhr.setRequestHeader("Authorization", "Bearer bound-1");
        const errors = [];
        for (const args of [["GET"], ["TRACE", "/"], ["GET", "http://["]]) {
            try {
                xhr.open(...args);
            } catch (error) {
                errors.push(error.name);
            }
        }
        xhr.send();
        await window.settled(xhr);
        return { errors, document: xhr.response?.constructor?.name };
    });
    assert.deepEqual(result.errors, ["TypeError", "SecurityError", "SyntaxError"]);
    assert.equal(result.document, "XMLDocument");
});

test("a listener of readystatechange may set the headers and send", async () => {
    const result = await run(async () => {
        const xhr = new XMLHttpRequest();
        const ended = window.settled(xhr);
        xhr.onreadystatechange = () => {
            if (xhr.readyState === 1) {
                xhr.setRequestHeader("Authorization", "Bearer bound-1");
                xhr.send();
            }
        };
        xhr.open("GET", "/nonce");
        await ended;
        return xhr.status;
    });
    assert.equal(result, 200);
});

test("events that a script dispatches itself end nothing", async () => {
    const result = await run(async () => {
        const xhr = new XMLHttpRequest();
        const seen = [];
        xhr.addEventListener("loadend", event => seen.push(event.isTrusted));
        xhr.open("GET", "/nonce");
        xhr.setRequestHeader("Authorization", "Bearer bound-1");
        xhr.send();
        while (!window.log.length) {
            await new Promise(resolve => setTimeout(resolve, 1));
        }
        xhr.dispatchEvent(new ProgressEvent("loadend"));
        await new Promise(resolve => setTimeout(resolve, 150));
        return { seen, status: xhr.status };
    });
    assert.deepEqual(result, { seen: [false, true], status: 200 });
});

test("a subclass and instanceof work, and the constants are there", async () => {
    const result = await run(async () => {
        class Sub extends XMLHttpRequest {
            get token() {
                return "Bearer bound-1";
            }
        }
        const xhr = new Sub();
        xhr.open("GET", "/api");
        xhr.setRequestHeader("Authorization", xhr.token);
        xhr.send();
        await window.settled(xhr);
        return [xhr.status, xhr instanceof XMLHttpRequest, xhr.constructor === Sub, new XMLHttpRequest().constructor === XMLHttpRequest, XMLHttpRequest.DONE, xhr.DONE];
    });
    assert.deepEqual(result, [200, true, true, true, 4, 4]);
});
