/** What runs in the pages of `measure.mjs`. Each function is sent there as text. */

/**
 * Runs before all other scripts: answers requests to `API` at once, beneath the library, and offers
 * `window.round(turns)`, which gives the milliseconds of one call and one signature, each the mean
 * of `turns`.
 */
export function prepare() {
    if (!window.crypto?.subtle) {
        return; // The empty page that each tab begins with.
    }
    const API = "https://api.example/";
    const FIELDS = { "cache-control": "no-store", "content-type": "application/json", date: new Date().toUTCString() };
    const BODY = '{"ok":true}';

    const { fetch: nativeFetch, Request: NativeRequest, Response: NativeResponse, XMLHttpRequest: NativeXhr } = window;
    const sign = crypto.subtle.sign.bind(crypto.subtle);
    const { prototype } = NativeXhr;
    const { open, send, abort } = prototype;

    // `fetch` begins with a Request of its own (Fetch, 5.6), and ends with a Response.
    window.fetch = function fetch(input, init) {
        if (!(typeof input === "string" ? input : input.url).startsWith(API)) {
            return nativeFetch.call(this, input, init);
        }
        new NativeRequest(input, init);
        return Promise.resolve(new NativeResponse(BODY, { headers: FIELDS }));
    };
    // Only the platform fires events that are trusted: `abort()` does it at once, for a request that
    // asks no server. What the getters say about it is the answer.
    const urls = new WeakMap();
    const answered = new WeakSet();
    prototype.open = function (method, url, ...others) {
        if (!`${url}`.startsWith(API)) {
            return open.call(this, method, url, ...others);
        }
        urls.set(this, `${url}`);
        answered.delete(this);
        return open.call(this, method, "data:application/json,", true);
    };
    prototype.send = function (body) {
        send.call(this, body);
        if (urls.has(this)) {
            queueMicrotask(() => {
                answered.add(this);
                abort.call(this);
            });
        }
    };
    const answer = (name, value) => {
        const { get } = Object.getOwnPropertyDescriptor(prototype, name);
        Object.defineProperty(prototype, name, {
            get() {
                return answered.has(this) ? value(this) : get.call(this);
            }
        });
    };
    answer("status", () => 200);
    answer("responseURL", xhr => urls.get(xhr));
    const { getAllResponseHeaders, getResponseHeader } = prototype;
    const lines = Object.entries(FIELDS).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    prototype.getAllResponseHeaders = function () {
        return answered.has(this) ? lines : getAllResponseHeaders.call(this);
    };
    prototype.getResponseHeader = function (name) {
        return answered.has(this) ? (FIELDS[name.toLowerCase()] ?? null) : getResponseHeader.call(this, name);
    };

    // The library takes the place of each of these on the prototype.
    const { get: status } = Object.getOwnPropertyDescriptor(prototype, "status");
    const beneath = { fetch: window.fetch, Xhr: NativeXhr, open: prototype.open, send: prototype.send, setRequestHeader: prototype.setRequestHeader, status };
    const pair = crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    const message = crypto.getRandomValues(new Uint8Array(450)); // As long as a proof's.
    let calls = 0;
    const url = () => `${API}notes/${calls++ % 50}?page=2`;

    window.round = async turns => {
        const key = (await pair).privateKey;
        const headers = () => ({ Authorization: `Bearer ${window.accessToken}`, Accept: "application/json" });
        const byXhr = ({ Xhr, open, send, setRequestHeader, status }) =>
            new Promise(resolve => {
                const xhr = new Xhr();
                open.call(xhr, "GET", url());
                for (const [name, value] of Object.entries(headers())) {
                    setRequestHeader.call(xhr, name, value);
                }
                xhr.onloadend = () => resolve(status.call(xhr));
                send.call(xhr);
            });
        const { open, send, setRequestHeader } = window.XMLHttpRequest.prototype;
        const hooked = {
            Xhr: window.XMLHttpRequest,
            open,
            send,
            setRequestHeader,
            status: Object.getOwnPropertyDescriptor(window.XMLHttpRequest.prototype, "status").get
        };
        const kinds = {
            sign: () => sign({ name: "ECDSA", hash: "SHA-256" }, key, message),
            "native fetch": () => beneath.fetch.call(window, url(), { headers: headers() }),
            fetch: () => window.fetch(url(), { headers: headers() }),
            "native xhr": () => byXhr(beneath),
            xhr: () => byXhr(hooked)
        };
        const names = Object.keys(kinds);
        const sums = Object.fromEntries(names.map(name => [name, 0]));
        for (let turn = 0; turn < turns; turn++) {
            for (let i = 0; i < names.length; i++) {
                // Nothing always follows the same.
                const name = names[(i * (1 + (turn % 2)) + turn) % names.length];
                const start = performance.now();
                await kinds[name]();
                sums[name] += (performance.now() - start) / turns;
            }
        }
        return sums;
    };
}

/**
 * Runs early init in a page that was without it, and gives what `await` and `then` cost afterwards,
 * in those before.
 */
export async function measurePromises({ name, freeze, rounds }) {
    const STEPS = 2_000;
    const tests = {
        await: async () => {
            const step = async value => value;
            for (let i = 0; i < STEPS; i++) {
                await step(i);
            }
        },
        then: async () => {
            let last = Promise.resolve(0);
            for (let i = 0; i < STEPS; i++) {
                last = last.then(value => value + 1);
            }
            await last;
        }
    };
    const measure = async () => {
        const times = {};
        for (let round = 0; round < rounds; round++) {
            for (const test in tests) {
                const start = performance.now();
                await tests[test]();
                (times[test] ??= []).push(performance.now() - start);
            }
        }
        return Object.fromEntries(Object.entries(times).map(([test, all]) => [test, all.sort((a, b) => a - b)[all.length >> 1]]));
    };
    await measure();
    const before = await measure();
    const { DPoP } = await import("/dist/DPoP.js");
    const { browserRuntimeFreeze } = await import("/dist/browser-runtime-freeze.js");
    DPoP({ mode: "auto" }).enableDPoP();
    freeze && browserRuntimeFreeze(freeze).enableBrowserRuntimeFreeze();
    await measure();
    const after = await measure();
    return Object.fromEntries(Object.keys(tests).map(test => [`${test}_${name}`, after[test] / before[test]]));
}
