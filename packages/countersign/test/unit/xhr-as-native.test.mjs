// An `XMLHttpRequest` with a bound token beside the native one of another window: the page sees the same, while we sign,
// while a challenge is answered, and afterwards.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, openPage, startServer } from "./support/page.mjs";

const cors = {
    "access-control-allow-origin": "*",
    "access-control-allow-headers": "authorization,dpop,content-type,x-case,x-CASE",
    "access-control-expose-headers": "dpop-nonce"
};
let far;
function answer({ url, method, headers }) {
    const { pathname } = new URL(url, "http://localhost");
    const proof = headers["dpop"]?.startsWith("{") ? JSON.parse(headers["dpop"]) : undefined;
    if (pathname === "/nonce" && headers["authorization"]?.includes("bound-") && !proof?.nonce) {
        return { status: 401, headers: { "dpop-nonce": "n1" }, body: "challenge" };
    }
    if (pathname === "/401") {
        return { status: 401, body: "refused" };
    }
    if (pathname === "/away") {
        return { status: 307, headers: { location: `${far.origin}/far`, ...cors } };
    }
    if (pathname === "/slow") {
        return new Promise(resolve => setTimeout(resolve, 1000, { body: "slow" }));
    }
    return { status: method === "OPTIONS" ? 204 : 200, headers: cors, body: "ok" };
}

let browser, server, page;
before(async () => {
    browser = await launch();
    server = await startServer(answer);
    far = await startServer(answer);
    page = await openPage(browser, server);
    await page.evaluate(() => {
        const frame = document.createElement("iframe");
        document.body.append(frame);
        window.realms = { ours: [window.XMLHttpRequest, "bound-1"], native: [frame.contentWindow.XMLHttpRequest, "other"] };
        const types = ["readystatechange", "loadstart", "progress", "abort", "error", "load", "timeout", "loadend"];
        window.listenToUpload = (upload, events) => {
            for (const type of types) {
                upload.addEventListener(type, ({ loaded, total, lengthComputable }) => events.push(`upload ${type} ${loaded} ${total} ${lengthComputable}`));
            }
        };
        window.listen = (xhr, events, upload = true) => {
            for (const type of types) {
                xhr.addEventListener(type, () => events.push(type === "readystatechange" ? `state ${xhr.readyState} ${xhr.status} ${xhr.responseText}` : type));
            }
            upload && window.listenToUpload(xhr.upload, events);
        };
        window.ended = xhr => new Promise(resolve => xhr.addEventListener("loadend", () => setTimeout(resolve, 30)));
        window.thrown = call => {
            try {
                call();
                return "nothing";
            } catch (error) {
                return `${error.name}: ${error.message}`;
            }
        };
        window.pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
    });
});
after(async () => {
    await browser?.close();
    await Promise.all([server?.close(), far?.close()]);
});
afterEach(async () => {
    assert.equal(await page.evaluate(() => window.openAttempts()), 0, "every attempt was observed or released");
    server.requests.length = far.requests.length = 0;
});

/** Runs `body({ xhr, token, Xhr, argument })` with ours and with the native one, and returns what both have seen. */
async function both(body, argument, knobs = {}) {
    const results = {};
    for (const name of ["ours", "native"]) {
        results[name] = await page.evaluate(
            async ([body, argument, knobs, name]) => {
                window.resetKnobs();
                Object.assign(window.knobs, knobs);
                const [Xhr, token] = window.realms[name];
                return (0, eval)(`(${body})`)({ Xhr, xhr: new Xhr(), token: `Bearer ${token}`, argument });
            },
            [body.toString(), argument, knobs, name]
        );
    }
    return results;
}

async function same(body, argument, knobs) {
    const { ours, native } = await both(body, argument, knobs);
    assert.deepEqual(ours, native);
    return native;
}

for (const [name, body] of Object.entries({ "no body": "undefined", "a string": '"süß"', "a Blob": 'new Blob(["12345"])', "bytes": "new Uint8Array(7)", "parameters": 'new URLSearchParams({ a: "ü" })' })) {
    for (const method of ["GET", "POST"]) {
        test(`loadstart fires inside send(), and that of upload: ${method} of ${name}`, async () => {
            const events = await same(
                async ({ xhr, token, argument: [method, body] }) => {
                    const events = [];
                    window.listen(xhr, events);
                    xhr.open(method, "/nonce");
                    xhr.setRequestHeader("Authorization", token);
                    const ended = window.ended(xhr);
                    xhr.send((0, eval)(`(${body})`));
                    events.push("sent");
                    await ended;
                    return events;
                },
                [method, body]
            );
            assert.ok(events.indexOf("loadstart") < events.indexOf("sent"));
        });
    }
}

test("after send(), setRequestHeader, send and withCredentials throw what they throw natively, while we sign and later", async () => {
    for (const delay of [0, 50]) {
        const thrown = await same(
            async ({ xhr, token }) => {
                xhr.open("GET", "/nonce");
                xhr.setRequestHeader("Authorization", token);
                const all = [];
                const probe = () =>
                    all.push(
                        window.thrown(() => (xhr.withCredentials = true)),
                        window.thrown(() => xhr.setRequestHeader("a", "b")),
                        window.thrown(() => xhr.setRequestHeader("a")),
                        window.thrown(() => xhr.send()),
                        String(xhr.withCredentials)
                    );
                xhr.onloadstart = probe;
                const ended = window.ended(xhr);
                xhr.send();
                probe();
                await window.pause(5);
                probe();
                await ended;
                probe();
                return all;
            },
            undefined,
            { delay }
        );
        assert.ok(thrown.slice(0, 4).every(text => /^(InvalidStateError|TypeError): /.test(text)), String(thrown));
    }
});

for (const when of ["never read", "read before send()"]) {
    for (const url of ["/nonce", "/away"]) {
        test(`a listener on upload that is added after send() stays too late as natively: upload ${when}, ${url}`, async () => {
            await same(
                async ({ xhr, token, argument: [when, url] }) => {
                    const events = [];
                    xhr.open("POST", url);
                    xhr.setRequestHeader("Authorization", token);
                    when === "never read" || xhr.upload;
                    const ended = window.ended(xhr);
                    xhr.send("text");
                    window.listen(xhr, events);
                    await ended;
                    return events.filter(event => event.startsWith("upload"));
                },
                [when, url]
            );
        });
    }
}

test("an upload that was never read before send() fires nothing without our token, either", async () => {
    const events = await page.evaluate(async () => {
        const events = [];
        const xhr = new XMLHttpRequest();
        xhr.open("POST", "/api");
        const ended = window.ended(xhr);
        xhr.send("text");
        window.listen(xhr, events);
        await ended;
        return events.filter(event => event.startsWith("upload"));
    });
    assert.deepEqual(events, []);
});

for (const [name, body] of Object.entries({ "no body": "undefined", "a body": '"text"' })) {
    for (const isRead of [true, false]) {
        test(`abort() while we sign fires the upload's events too: ${name}, upload read: ${isRead}`, async () => {
            await same(
                async ({ xhr, token, argument: [body, isRead] }) => {
                    const events = [];
                    window.listen(xhr, events, isRead);
                    xhr.open("POST", "/slow");
                    xhr.setRequestHeader("Authorization", token);
                    xhr.send((0, eval)(body));
                    xhr.abort();
                    events.push(`aborted ${xhr.readyState}`);
                    await window.pause(100);
                    return events;
                },
                [body, isRead],
                { delay: 20 }
            );
            assert.ok(server.requests.every(({ headers }) => !headers["authorization"]?.includes("bound-")));
        });
    }
}

test("abort() inside loadstart, and inside that of upload, ends the request as natively", async () => {
    for (const on of ["xhr", "upload"]) {
        await same(
            async ({ xhr, token, argument }) => {
                const events = [];
                window.listen(xhr, events);
                (argument === "xhr" ? xhr : xhr.upload).addEventListener("loadstart", () => xhr.abort());
                xhr.open("POST", "/api");
                xhr.setRequestHeader("Authorization", token);
                xhr.send("text");
                await window.pause(100);
                return [...events, xhr.readyState];
            },
            on,
            { delay: 20 }
        );
    }
});

for (const order of ["the instance's first", "the upload's first"]) {
    for (const end of ["abort()", "an error"]) {
        test(`the upload's last events come before the instance's, and before what a listener sends again: ${end}, listeners: ${order}`, async () => {
            const events = await same(
                async ({ Xhr, xhr, token, argument: [order, end] }) => {
                    const events = [];
                    // The upload is not read before the app listens to the instance.
                    order === "the instance's first" && window.listen(xhr, events, false);
                    window.listenToUpload(xhr.upload, events);
                    order === "the upload's first" && window.listen(xhr, events, false);
                    const send = url => {
                        xhr.open("POST", url);
                        xhr.setRequestHeader("Authorization", token);
                        xhr.send("text");
                    };
                    const ended = window.ended(xhr);
                    // The native one has no server, and ours no proof.
                    send(end === "an error" && !token.includes("bound-") ? "http://localhost:1/" : "/api");
                    end === "abort()" && xhr.abort();
                    await ended;
                    window.resetKnobs();
                    const again = () => {
                        xhr.removeEventListener("abort", again);
                        send("/api");
                    };
                    xhr.addEventListener("abort", again);
                    send("/slow");
                    xhr.abort();
                    await window.ended(xhr);
                    return events;
                },
                [order, end],
                end === "an error" ? { authorizeError: "no key" } : { delay: 20 }
            );
            const type = end === "abort()" ? "abort" : "error";
            assert.deepEqual(events.slice(3, 8), ["state 4 0 ", `upload ${type} 0 0 false`, "upload loadend 0 0 false", type, "loadend"]);
        });
    }
}

for (const again of ["send", "abort"]) {
    test(`the upload's last events fire once if a listener of the last readystatechange calls ${again}()`, async () => {
        const events = await same(
            async ({ xhr, token, argument }) => {
                const events = [];
                window.listen(xhr, events);
                const send = () => {
                    xhr.open("POST", "/slow");
                    xhr.setRequestHeader("Authorization", token);
                    xhr.send("text");
                };
                let isFirst = true;
                xhr.addEventListener("readystatechange", () => {
                    if (xhr.readyState === 4 && isFirst) {
                        isFirst = false;
                        argument === "send" ? send() : xhr.abort();
                    }
                });
                send();
                xhr.abort();
                const seen = events.slice();
                xhr.abort();
                return seen;
            },
            again,
            { delay: 20 }
        );
        assert.equal(events.filter(event => event.startsWith("upload abort")).length, 1);
        await page.evaluate(() => window.pause(100));
    });
}

test("a request that is sent again inside loadstart fires its upload's loadstart once", async () => {
    const events = await same(async ({ xhr, token }) => {
        const events = [];
        window.listen(xhr, events);
        const send = () => {
            xhr.open("POST", "/api");
            xhr.setRequestHeader("Authorization", token);
            xhr.send("text");
        };
        xhr.addEventListener("loadstart", send, { once: true });
        const ended = window.ended(xhr);
        send();
        await ended;
        return events;
    });
    assert.equal(events.filter(event => event.startsWith("upload loadstart")).length, 1);
});

for (const type of ["readystatechange", "load"]) {
    test(`abort() in the last ${type} of a 401 stops what the platform stops`, async () => {
        await same(
            async ({ xhr, token, argument }) => {
                const events = [];
                window.listen(xhr, events, false);
                xhr.addEventListener(argument, () => xhr.readyState === 4 && xhr.abort());
                xhr.open("GET", "/401");
                xhr.setRequestHeader("Authorization", token);
                xhr.send();
                await window.pause(100);
                return [...events, xhr.readyState];
            },
            type
        );
    });
}

test("a challenge that is being answered can't be seen by looking", async () => {
    const seen = await same(
        async ({ xhr, token }) => {
            const seen = new Set();
            xhr.open("GET", "/nonce");
            xhr.responseType = "text";
            xhr.setRequestHeader("Authorization", token);
            const look = () => seen.add(JSON.stringify([xhr.readyState, xhr.status, xhr.statusText, xhr.response, xhr.responseText, xhr.getAllResponseHeaders().length > 0, xhr.getResponseHeader("dpop-nonce")]));
            const ended = window.ended(xhr);
            xhr.send();
            // The engine takes its time.
            let go;
            window.knobs.holdObserve = new Promise(resolve => (go = resolve));
            for (let i = 0; i < 40; i++) {
                look();
                await window.pause(5);
                i === 30 && go();
            }
            await ended.catch(() => {});
            return [...seen].filter(line => !line.startsWith("[4,200"));
        }
    );
    assert.ok(seen.every(line => line.startsWith("[1,0,")), String(seen));
});

test("a 401 that is delivered has all of its events, with the states that they tell", async () => {
    const events = await same(async ({ xhr, token }) => {
        const events = [];
        window.listen(xhr, events, false);
        xhr.open("GET", "/401");
        xhr.setRequestHeader("Authorization", token);
        const ended = window.ended(xhr);
        xhr.send();
        await ended;
        return events;
    });
    assert.deepEqual(events, ["state 1 0 ", "loadstart", "state 2 401 ", "state 3 401 ", "progress", "state 4 401 refused", "load", "loadend"]);
});

test("abort fires on window.stop() once the request is out", async () => {
    await same(async ({ xhr, token }) => {
        const events = [];
        window.listen(xhr, events, false);
        xhr.open("GET", "/slow");
        xhr.setRequestHeader("Authorization", token);
        const ended = window.ended(xhr);
        xhr.send();
        await window.pause(300);
        window.stop();
        window.frames[0].stop();
        await ended;
        return events;
    });
});

test("a body whose toString throws or sends, and shared memory, throw inside send()", async () => {
    const thrown = await same(async ({ Xhr, token }) => {
        const all = [];
        const shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;
        for (const make of [
            () => ({ toString() { throw new RangeError("mine"); } }),
            xhr => ({ toString() { xhr.send("inner"); return "outer"; } }),
            () => shared,
            () => new Uint8Array(shared),
            () => new DataView(shared),
            () => Symbol("s")
        ]) {
            const xhr = new Xhr();
            xhr.open("POST", "/api");
            xhr.setRequestHeader("Authorization", token);
            all.push(window.thrown(() => xhr.send(make(xhr))));
        }
        await window.pause(200);
        return all;
    });
    assert.deepEqual(thrown.map(text => text.split(":")[0]), ["RangeError", "InvalidStateError", "TypeError", "TypeError", "TypeError", "TypeError"]);
    assert.deepEqual(server.requests.map(({ body }) => body), ["inner", "inner"]);
});

test("header names keep the case that the app wrote", async () => {
    await same(async ({ xhr, token }) => {
        xhr.open("GET", "/nonce");
        xhr.setRequestHeader("X-CaSe", "1");
        xhr.setRequestHeader("authorization", token);
        xhr.setRequestHeader("x-case", "2");
        xhr.setRequestHeader("b", "3");
        const ended = window.ended(xhr);
        xhr.send();
        await ended;
    });
    const names = server.requests.map(({ rawHeaders }) => rawHeaders.filter((_, i) => i % 2 === 0).filter(name => /^(x-case|b)$/i.test(name)).sort());
    assert.deepEqual(names, Array(3).fill(["X-CaSe", "b"]));
    assert.deepEqual(server.requests.map(({ headers }) => headers["x-case"]), Array(3).fill("1, 2"));
});
