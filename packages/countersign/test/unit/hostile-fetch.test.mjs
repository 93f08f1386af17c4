// `fetch` by a page that runs code between our steps, or brings objects of other realms: a bound token goes out as DPoP,
// with a proof for what is sent, or not at all. The places are listed in src/core/interceptors/index.ts.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { answer, assertOnlySignedRequests, MISSPELLINGS, prepare, SPELLINGS } from "./support/hostile.mjs";
import { launch, openPage, proofOf, startServer } from "./support/page.mjs";

let browser, server, page;
before(async () => {
    browser = await launch();
    server = await startServer(answer);
    page = await openPage(browser, server, { before: prepare });
});
after(async () => {
    await browser?.close();
    await server?.close();
});
afterEach(async () => {
    assertOnlySignedRequests(server);
    assert.equal(await page.evaluate(() => window.openAttempts()), 0, "every attempt was observed or released");
});

const run = (body, argument) =>
    page.evaluate(
        async ([body, argument]) => {
            window.resetKnobs();
            window.errors.length = 0;
            try {
                return await (0, eval)(`(${body})`)(argument);
            } catch (error) {
                return { error: `${error.name}: ${error.message}` };
            }
        },
        [body.toString(), argument]
    );
const sent = () => server.requests.map(({ method, url, headers }) => `${method} ${url} ${headers["authorization"]}`);

const requests = {
    "a subclass that shows other headers": () =>
        new (class extends Request {
            get headers() {
                return new Headers();
            }
        })("/api", { headers: { Authorization: "Bearer bound-1" } }),
    "a Request that is told from others by Symbol.hasInstance": () => {
        Object.defineProperty(Request, Symbol.hasInstance, { value: () => false, configurable: true });
        return new Request("/api", { headers: { Authorization: "Bearer bound-1" } });
    },
    "a Request whose prototype was changed": () =>
        Object.setPrototypeOf(new Request("/api", { headers: { Authorization: "Bearer bound-1" } }), null),
    "another realm's Request": () => new (otherRealm().Request)("/api", { headers: { Authorization: "Bearer bound-1" } }),
    "a subclass of another realm's Request": () =>
        new (class extends otherRealm().Request {})("/api", { headers: { Authorization: "Bearer bound-1" } })
};
for (const [name, make] of Object.entries(requests)) {
    for (const init of ["undefined", "{}", "{ cache: 'no-store' }"]) {
        test(`r1_${name} goes out as DPoP (init: ${init})`, async () => {
            const result = await run(
                async ([make, init]) => {
                    try {
                        return (await fetch((0, eval)(make)(), (0, eval)(`(${init})`))).status;
                    } finally {
                        delete Request[Symbol.hasInstance];
                    }
                },
                [make.toString(), init]
            );
            assert.equal(result, 200, JSON.stringify(result));
            assert.deepEqual(sent(), ["GET /api DPoP bound-1"]);
        });
    }
}

const headers = {
    "another realm's Headers": () => new (otherRealm().Headers)({ Authorization: "Bearer bound-1" }),
    "another realm's array": () => otherRealm().eval('[["Authorization", "Bearer bound-1"]]'),
    "another realm's object": () => otherRealm().eval('({ Authorization: "Bearer bound-1" })'),
    "a generator": () =>
        (function* () {
            yield ["x-a", "1"];
            yield (function* () {
                yield "Authorization";
                yield "Bearer bound-1";
            })();
        })(),
    "a Map": () => new Map([["Authorization", "Bearer bound-1"]]),
    "values that are objects": () => ({ Authorization: { toString: () => "Bearer bound-1" } })
};
for (const [name, make] of Object.entries(headers)) {
    test(`r1_headers as ${name} go out as DPoP`, async () => {
        const result = await run(async make => (await fetch("/api", { headers: (0, eval)(make)() })).status, make.toString());
        assert.equal(result, 200, JSON.stringify(result));
        assert.deepEqual(sent(), ["GET /api DPoP bound-1"]);
    });
}

for (const spelling of SPELLINGS) {
    test(`r2_the scheme may be spelled ${JSON.stringify(spelling)}`, async () => {
        await run(async Authorization => fetch("/api", { headers: { Authorization } }), spelling);
        assert.deepEqual(sent(), ["GET /api DPoP bound-1"]);
    });
}

for (const misspelling of MISSPELLINGS) {
    test(`a bound token in another form is not sent, and a sentence says so: ${JSON.stringify(misspelling)}`, async () => {
        for (const form of ["init", "Request"]) {
            const result = await run(
                ([Authorization, form]) => {
                    const init = { headers: { Authorization } };
                    return form === "init" ? fetch("/api", init) : fetch(new Request("/api", init));
                },
                [misspelling, form]
            );
            assert.match(result.error ?? "sent", /^TypeError: countersign: GET \S+\/api was not sent: .*Authorization: Bearer <token>/);
        }
        assert.deepEqual(sent(), []);
    });
}

// Each says another thing the second time it is asked.
const changing = {
    "a getter for headers": () => {
        let times = 0;
        return { get headers() { return times++ ? { Authorization: "Bearer bound-1" } : {}; } };
    },
    "a Proxy as init": () => {
        let times = 0;
        return new Proxy({}, { get: (_, name) => (name === "headers" ? (times++ ? { Authorization: "Bearer bound-1" } : {}) : undefined) });
    },
    "a getter in headers": () => {
        let times = 0;
        return { headers: { get Authorization() { return times++ ? "Bearer bound-1" : "none"; } } };
    },
    "a value with toString": () => {
        let times = 0;
        return { headers: { Authorization: { toString: () => (times++ ? "Bearer bound-1" : "none") } } };
    },
    "an iterable": () => {
        let times = 0;
        return { headers: { *[Symbol.iterator]() { yield ["Authorization", times++ ? "Bearer bound-1" : "none"]; } } };
    },
    "headers that throw once": () => {
        let times = 0;
        return { get headers() { if (times++) { return { Authorization: "Bearer bound-1" }; } throw new RangeError("once"); } };
    },
    "document.all, an object that is false": () => {
        let times = 0;
        Object.defineProperty(document.all, "headers", { configurable: true, get: () => (times++ ? { Authorization: "Bearer bound-1" } : {}) });
        return document.all;
    },
    "a getter that changes what `this` shows": () => ({
        headers: { Authorization: "none" },
        get body() {
            this.headers = { Authorization: "Bearer bound-1" };
            return undefined;
        }
    })
};
for (const [name, make] of Object.entries(changing)) {
    test(`init is read once, as the platform reads it: ${name}`, async () => {
        const result = await run(async make => (await fetch("/api", (0, eval)(make)())).status, make.toString());
        if (name === "headers that throw once") {
            assert.deepEqual(result, { error: "RangeError: once" });
        } else {
            assert.equal(result, 200, JSON.stringify(result));
        }
    });
}

test("init's members are read once each, in the platform's order, and with init as `this`", async () => {
    const [ours, native] = await run(async () => {
        const traces = [];
        for (const call of [fetch, otherRealm().fetch]) {
            const trace = [];
            const members = { headers: { Authorization: "Bearer other" }, method: "POST", body: "x" };
            const init = new Proxy(members, {
                get: (target, name, self) => {
                    trace.push(String(name), self === init);
                    return target[name];
                }
            });
            await call("/api", init);
            traces.push(trace);
        }
        return traces;
    });
    assert.deepEqual(ours, native);
    assert.ok(ours.includes("headers") && !ours.includes(false));
});

test("init may be an instance whose getters need it", async () => {
    await run(() => {
        class Init {
            #token = "Bearer bound-1";
            #body = "text";
            method = "POST";
            get headers() {
                return { Authorization: this.#token };
            }
            get body() {
                return this.#body;
            }
        }
        return fetch("/nonce", new Init());
    });
    assert.deepEqual(server.requests.map(({ method, body }) => `${method} ${body}`), ["POST text", "POST text"]);
    assert.deepEqual(server.requests.map(request => proofOf(request).nonce), [undefined, "n1"]);
});

test("inherited members of init count, as they do without us, and what stands behind the arguments does not", async () => {
    await run(async () => {
        Object.prototype.headers = { Authorization: "Bearer bound-1" };
        Object.prototype[1] = { headers: { Authorization: "Bearer bound-2" } };
        try {
            await fetch("/with", {});
            await fetch("/without");
        } finally {
            delete Object.prototype.headers;
            delete Object.prototype[1];
        }
    });
    assert.deepEqual(sent(), ["GET /with DPoP bound-1", "GET /without undefined"]);
});

test("a getter of init that gives the Request a token is seen", async () => {
    await run(async () => {
        const request = new Request("/api", { headers: { Authorization: "none" } });
        await fetch(request, {
            get method() {
                request.headers.set("Authorization", "Bearer bound-1");
                return "GET";
            }
        });
    });
    assert.deepEqual(sent(), ["GET /api DPoP bound-1"]);
});

test("a URL that is another each time it is read is sent to the one that was signed", async () => {
    await run(async () => {
        let times = 0;
        const url = { toString: () => `/api${times++}` };
        await fetch(url, { headers: { Authorization: "Bearer bound-1" } });
    });
    assert.deepEqual(sent(), ["GET /api0 DPoP bound-1"]);
});

test("our fetch as another window's: DPoP, or the platform's refusal, and its own base URL", async () => {
    const result = await run(async () => {
        const other = otherRealm();
        other.history.replaceState(null, "", "about:srcdoc" === other.location.href ? undefined : other.location.href);
        const base = other.document.createElement("base");
        base.href = "/deep/page";
        other.document.head.append(base);
        const headers = { Authorization: "Bearer bound-1" };
        await fetch.call(other, "relative", { headers });
        await fetch.call(other, "other", { headers: { Authorization: "Bearer other" } });
        other.fetch = fetch;
        await other.fetch("set", { headers });
        await other.fetch(new other.Request("request", { headers }));
        return [await fetch.call({}, "/no", { headers }).catch(error => error.name), await fetch.call({ document }, "/nor", { headers: {} }).catch(error => error.name)];
    });
    assert.deepEqual(result, ["TypeError", "TypeError"]);
    assert.deepEqual(sent(), [
        "GET /deep/relative DPoP bound-1",
        "GET /deep/other Bearer other",
        "GET /deep/set DPoP bound-1",
        "GET /deep/request DPoP bound-1"
    ]);
});

test("a listener of the app's signal that runs while we wait changes nothing of what is sent", async () => {
    const result = await run(async () => {
        window.knobs.delay = 30;
        const controller = new AbortController();
        const request = new Request("/api", { headers: { Authorization: "Bearer bound-1" }, signal: controller.signal });
        controller.signal.addEventListener("abort", () => request.headers.set("Authorization", "Bearer bound-2"));
        const call = fetch(request);
        controller.abort();
        return call;
    });
    assert.match(result.error, /^AbortError/);
    assert.deepEqual(sent(), []);
});

test("accessors of Request that a script has replaced do not change what is sent after a redirect", async () => {
    await run(async () => {
        const { prototype } = Request;
        const saved = ["method", "headers", "url"].map(name => [name, Object.getOwnPropertyDescriptor(prototype, name)]);
        Object.defineProperty(prototype, "method", { configurable: true, get: () => "DELETE" });
        Object.defineProperty(prototype, "headers", { configurable: true, get: () => ({ Authorization: "Bearer bound-2" }) });
        Object.defineProperty(prototype, "url", { configurable: true, get: () => "/evil" });
        try {
            await fetch("/redirect?to=/strict", { headers: { Authorization: "Bearer bound-1" } });
        } finally {
            saved.forEach(([name, descriptor]) => Object.defineProperty(prototype, name, descriptor));
        }
    });
    assert.ok(!sent().some(line => line.startsWith("DELETE") || line.includes("evil")), String(sent()));
});

test("a body whose toString is asked once is sent twice as it was", async () => {
    await run(async () => {
        let times = 0;
        const body = { toString: () => `body${times++}` };
        await fetch("/nonce", { method: "POST", body, headers: { Authorization: "Bearer bound-1" } });
    });
    assert.deepEqual(server.requests.map(({ body }) => body), ["body0", "body0"]);
});
