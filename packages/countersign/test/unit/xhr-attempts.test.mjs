// XMLHttpRequest in real Chromium: what is read when, and that every attempt ends, however the app treats the instance.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, openPage, proofOf, startServer } from "./support/page.mjs";

const answer = ({ url, headers }) => {
    const proof = headers["dpop"] && JSON.parse(headers["dpop"]);
    if (url === "/never") {
        return new Promise(() => {});
    }
    if (url === "/nonce" && !proof.nonce) {
        return { status: 401, headers: { "dpop-nonce": "n1" } };
    }
    return { body: "ok" };
};

let browser, server, page;
before(async () => {
    browser = await launch();
    server = await startServer(answer);
    page = await openPage(browser, server);
    await page.evaluate(() => {
        window.opened = (method, url, xhr = new XMLHttpRequest()) => {
            xhr.open(method, url);
            xhr.setRequestHeader("Authorization", "Bearer bound-1");
            return xhr;
        };
        window.record = xhr => {
            const events = [];
            for (const target of [xhr, xhr.upload]) {
                for (const type of ["loadstart", "abort", "error", "load", "loadend"]) {
                    target.addEventListener(type, () => events.push(target === xhr ? type : `upload ${type}`));
                }
            }
            return events;
        };
        window.ended = xhr => new Promise(resolve => xhr.addEventListener("loadend", resolve));
        window.logged = async what => {
            while (!window.log.some(([name]) => name === what)) {
                await new Promise(resolve => setTimeout(resolve, 2));
            }
        };
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

const run = body => page.evaluate(text => (window.resetKnobs(), (0, eval)(`(${text})`)()), body.toString());
const sent = () => server.requests.map(({ method, url }) => `${method} ${url}`);

test("URL and method are read when the instance is opened", async () => {
    await run(async () => {
        const base = location.href;
        const url = new URL("/api", location.href);
        const method = { toString: () => method.name, name: "PUT" };
        const xhr = opened(method, url);
        url.pathname = "/other";
        method.name = "DELETE";
        const relative = opened("GET", "sibling");
        history.replaceState(null, "", "/deep/page");
        xhr.send();
        relative.send();
        await Promise.all([ended(xhr), ended(relative)]);
        history.replaceState(null, "", base);
    });
    assert.deepEqual(sent().sort(), ["GET /sibling", "PUT /api"]);
    for (const request of server.requests) {
        const { htm, htu } = proofOf(request);
        assert.deepEqual([htm, htu], [request.method, server.origin + request.url]);
    }
});

test("an instance that is opened again under way releases its attempt at once", async () => {
    const result = await run(async () => {
        const xhr = opened("GET", "/never");
        xhr.send();
        await logged("upgrade");
        await new Promise(resolve => setTimeout(resolve, 50));
        opened("GET", "/api", xhr);
        const log = window.log.map(([what]) => what);
        xhr.send();
        await ended(xhr);
        return { log, text: xhr.responseText };
    });
    assert.deepEqual(result, { log: ["upgrade", "release"], text: "ok" });
});

test("an open() that fails leaves the request under way alone", async () => {
    const result = await run(async () => {
        const xhr = opened("GET", "/api");
        xhr.send();
        await logged("upgrade");
        const names = [["TRACE", "/x"], ["GET", "http://["], ["GET", Symbol()]].map(([method, url]) => {
            try {
                xhr.open(method, url);
            } catch (error) {
                return error.name;
            }
        });
        await ended(xhr);
        return { names, log: window.log.map(([what]) => what) };
    });
    assert.deepEqual(result, { names: ["SecurityError", "SyntaxError", "TypeError"], log: ["upgrade", "observe"] });
});

test("an instance that is opened again while its challenge is answered sends the new request only", async () => {
    const log = await run(async () => {
        let go;
        window.knobs.holdObserve = new Promise(resolve => (go = resolve));
        const xhr = opened("GET", "/nonce");
        xhr.send();
        await logged("observe");
        opened("GET", "/api", xhr);
        go();
        xhr.send();
        await ended(xhr);
        return window.log.map(([what]) => what);
    });
    assert.equal(log.filter(what => what === "release").length, 1);
    assert.deepEqual(sent(), ["GET /nonce", "GET /api"]);
});

for (const [name, path, bad] of [
    ["the first attempt", "/api", () => "not\na header"],
    ["the second attempt", "/nonce", proof => (proof.includes("nonce") ? "not\na header" : proof)]
]) {
    test(`${name} cannot be sent: error and loadend, and nothing stays open`, async () => {
        const result = await page.evaluate(
            async ([path, bad]) => {
                window.resetKnobs();
                window.knobs.makeProof = (0, eval)(bad);
                const xhr = opened("POST", path);
                const events = record(xhr);
                xhr.send("body");
                await ended(xhr);
                return { events: events.filter(event => !event.startsWith("upload")), status: xhr.status };
            },
            [path, bad.toString()]
        );
        assert.deepEqual(result, { events: ["loadstart", "error", "loadend"], status: 0 });
    });
}

test("the functions have the lengths of the native ones", async () => {
    const [ours, native] = await run(() => {
        const frame = document.createElement("iframe");
        document.body.append(frame);
        return [window, frame.contentWindow].map(({ fetch, XMLHttpRequest: { prototype } }) =>
            [fetch, prototype.open, prototype.send, prototype.setRequestHeader, prototype.abort].map(({ length }) => length)
        );
    });
    assert.deepEqual(ours, native);
});

test("a URL that is taken as it is written is written as the platform serialises it", async () => {
    const { wrong, count } = await page.evaluate(async () => {
        const { openedTarget } = await import("/dist/core/interceptors/shared.js");
        const pieces = ["https://", "http://", "HTTPS://", "https:", "a", "A", "api.example", "1", "127.0.0.1", "0x7f", "xn--a", "-", "_", "@", ":", ":80", ":443", ":0443", ":8443"];
        pieces.push("/", "//", "/.", "/..", "/a.", ".", "%2e", "%", "\\", "?", "#", "&=", "'", '"', "|", "é", " ", "\t", "/b/c", "?d=/../e");
        const wrong = [];
        let count = 0;
        let state = 1;
        const next = length => (state = (state * 48271) % 2147483647) % length;
        for (let i = 0; i < 100_000; i++) {
            const text = ["https://api.example", "http://b.c:8080/", ""][i % 3] + Array.from({ length: 1 + next(5) }, () => pieces[next(pieces.length)]).join("");
            let url;
            try {
                url = new URL(text, "https://base.example/x/y");
            } catch {
                continue; // `open()` has refused it.
            }
            count++;
            const { href, origin, path } = openedTarget(text, "https://base.example/x/y");
            if (href !== url.href.replace(/#.*/, "") || origin !== url.origin || path !== url.pathname) {
                wrong.push([text, href, url.href]);
            }
        }
        return { wrong: wrong.slice(0, 5), count };
    });
    assert.deepEqual(wrong, []);
    assert.ok(count > 30_000, `${count}`);
});
