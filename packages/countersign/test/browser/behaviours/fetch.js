/** Behaviours of `fetch`: each returns what the page sees. The server's view is compared by the test. */
import { described, pause, settled, telling, thrown } from "./tools.js";

const bearer = ({ token }, more) => ({ Authorization: `Bearer ${token}`, ...more });
const form = () => {
    const form = new FormData();
    form.append("a", "ü");
    form.append("b", new Blob(["content"], { type: "x/y" }), "n.txt");
    return form;
};

const bodies = {
    "a string": () => "süß",
    "an empty string": () => "",
    "a lone surrogate": () => "a\ud800b",
    "a number": () => 5,
    "an object": () => ({}),
    "null": () => null,
    "a FormData": form,
    "an empty FormData": () => new FormData(),
    "a URLSearchParams": () => new URLSearchParams({ a: "b c", ü: "&" }),
    "a Blob with a type": () => new Blob(["blob"], { type: "text/x-test" }),
    "a Blob without": () => new Blob(["blob"]),
    "an empty Blob": () => new Blob([]),
    "an ArrayBuffer": () => new TextEncoder().encode("bytes").buffer,
    "a view": () => new TextEncoder().encode("bytes").subarray(1, 3),
    "an object with toString": () => ({ toString: () => "told" }),
    "a body of 200 KB": () => "x".repeat(200_000)
};

const inits = {
    "an unknown member": { nonsense: 1 },
    "cache no-store": { cache: "no-store" },
    "cache reload": { cache: "reload" },
    "cache no-cache": { cache: "no-cache" },
    "cache force-cache": { cache: "force-cache" },
    "cache only-if-cached without a copy": { cache: "only-if-cached", mode: "same-origin" },
    "cache only-if-cached in mode cors": { cache: "only-if-cached" },
    "credentials omit": { credentials: "omit" },
    "credentials include": { credentials: "include" },
    "mode same-origin": { mode: "same-origin" },
    "mode no-cors": { mode: "no-cors" },
    "mode navigate": { mode: "navigate" },
    "redirect error": { redirect: "error" },
    "redirect manual": { redirect: "manual" },
    "referrer of its own": { referrer: "/elsewhere?x" },
    "no referrer": { referrer: "" },
    "about:client": { referrer: "about:client" },
    "another origin's referrer": { referrer: "https://other.example/" },
    "an invalid referrer": { referrer: "http://[" },
    "referrerPolicy no-referrer": { referrerPolicy: "no-referrer" },
    "referrerPolicy origin": { referrerPolicy: "origin" },
    "referrerPolicy unsafe-url": { referrerPolicy: "unsafe-url" },
    "an unknown referrerPolicy": { referrerPolicy: "loud" },
    "keepalive": { keepalive: true },
    "keepalive with a body": { method: "POST", body: "x", keepalive: true },
    "an integrity that fails": { integrity: "sha256-AAAA" },
    "priority high": { priority: "high" },
    "an unknown priority": { priority: "urgent" },
    "window null": { window: null },
    "a window": { window: 1 },
    "duplex half": { duplex: "half" },
    "an unknown duplex": { duplex: "full" },
    "method lower case": { method: "post", body: "x" },
    "a method of its own": { method: "QUERY", body: "x" },
    "method HEAD": { method: "HEAD" },
    "method TRACE": { method: "TRACE" },
    "method CONNECT": { method: "CONNECT" },
    "a method with a space": { method: "A B" },
    "method null": { method: null },
    "GET with a body": { body: "x" },
    "a signal that is none": { signal: {} },
    "signal null": { signal: null },
    "signal undefined": { signal: undefined },
    "body undefined": { method: "POST", body: undefined }
};

const headers = {
    "the case of names": { "X-CaSe": "1", "lower": "2" },
    "pairs": [["X-A", "1"], ["x-a", "2"], ["B", "3"]],
    "a Headers": () => new Headers({ "X-From": "headers" }),
    "values with blanks": { "X-Blank": "  a  b " },
    "a forbidden name": { "Cookie": "a=b", "Host": "evil" },
    "an empty value": { "X-Empty": "" },
    "a number": { "X-Number": 5 },
    "latin-1": { "X-Latin": "caf\u00e9" },
    "beyond latin-1": { "X-Wide": "\u0100" },
    "an invalid name": { "a b": "1" },
    "an invalid value": { "X-A": "a\nb" },
    "pairs of three": [["a", "b", "c"]],
    "a string": "nonsense",
    "Accept and Accept-Language": { "Accept": "x/y", "Accept-Language": "de" },
    "Content-Type": { "Content-Type": "application/json" }
};

const misuse = {
    "no argument": () => fetch(),
    "undefined": at => fetch(undefined, at),
    "an invalid URL": at => fetch("http://[", at),
    "a URL with a password": at => fetch("http://a:b@localhost/", at),
    "an unknown scheme": at => fetch("unknown:x", at),
    "a data URL": at => fetch("data:text/plain,hello", at),
    "a blob URL": at => fetch(URL.createObjectURL(new Blob(["blob"], { type: "text/plain" })), at),
    "a blob URL that was revoked": at => {
        const url = URL.createObjectURL(new Blob(["blob"]));
        URL.revokeObjectURL(url);
        return fetch(url, at);
    },
    "about:blank": at => fetch("about:blank", at),
    "a symbol": at => fetch(Symbol("s"), at),
    "a URL whose toString throws": at => fetch({ toString() { throw new RangeError("mine"); } }, at),
    "a URL without a toString": at => fetch(Object.create(null), at),
    "an init that is a number": () => fetch("/echo", 5),
    "an init that is a string": () => fetch("/echo", "x"),
    "an init that is a function": () => fetch("/echo?b=function", () => {}),
    "an init whose getter throws": () => fetch("/echo", { get method() { throw new RangeError("mine"); } }),
    "an init whose getter throws no error": () => fetch("/echo", { get cache() { throw "text"; } }),
    "headers whose iterator throws": () => fetch("/echo", { headers: { [Symbol.iterator]() { throw new RangeError("mine"); } } }),
    "another this": at => fetch.call({}, "/echo", at),
    "this null": at => fetch.call(null, "/echo?b=null", at).then(({ status }) => status),
    "this of a number": at => fetch.call(5, "/echo", at),
    "this of a document": at => fetch.call(document, "/echo", at)
};

export const behaviours = {};
const add = (name, run) => (behaviours[`fetch: ${name}`] = run);

for (const [name, make] of Object.entries(bodies)) {
    add(`the body is ${name}`, at => settled(fetch(at.url("/echo"), { method: "POST", headers: bearer(at), body: make() })));
    add(`the body of a Request is ${name}`, async at => {
        const request = new Request(at.url("/echo"), { method: "PUT", headers: bearer(at), body: make() });
        const promise = fetch(request);
        const isUsed = request.bodyUsed;
        return [isUsed, await settled(promise), await settled(fetch(request))];
    });
}
for (const [name, init] of Object.entries(inits)) {
    add(`init has ${name}`, at => settled(fetch(at.url("/echo"), { headers: bearer(at), ...init })));
    if (/referrer|cache|credentials|redirect|mode/.test(name)) {
        add(`init over a Request has ${name}`, at => settled(fetch(new Request(at.url("/echo"), { headers: bearer(at) }), init)));
        add(`init on a redirect has ${name}`, at => settled(fetch(at.url("/redirect", { status: 302, to: "/echo?b=to" }), { headers: bearer(at), ...init })));
    }
}
for (const [name, given] of Object.entries(headers)) {
    add(`headers are ${name}`, at => {
        const value = typeof given === "function" ? given() : given;
        const authorization = ["Authorization", `Bearer ${at.token}`];
        const all = value instanceof Headers ? (value.append(...authorization), value) : Array.isArray(value) ? [...value, authorization] : typeof value === "string" ? value : { ...value, [authorization[0]]: authorization[1] };
        return settled(fetch(at.url("/echo"), { headers: all }));
    });
}
for (const [name, call] of Object.entries(misuse)) {
    add(`misuse: ${name}`, at => settled(call({ headers: bearer(at) })));
}
for (const status of [200, 204, 205, 304, 400, 401, 403, 404, 500, 503]) {
    add(`status ${status}`, at => settled(fetch(at.url("/status", { status }), { headers: bearer(at) })));
}
for (const status of [301, 302, 303, 307, 308]) {
    for (const method of ["GET", "POST"]) {
        add(`a redirect by ${status} of a ${method}`, at =>
            settled(fetch(at.url("/redirect", { status, to: "/echo?b=to" }), { method, headers: bearer(at), ...(method === "POST" && { body: "x" }) })));
    }
    add(`a redirect by ${status} to another origin`, at => settled(fetch(at.url("/redirect", { status, to: `${at.far}/echo?b=far` }), { method: "POST", body: "x", headers: bearer(at) })));
}
add("too many redirects", at => settled(fetch(at.url("/loop"), { headers: bearer(at) })));
add("a redirect without a Location", at => settled(fetch(at.url("/redirect", { status: 302, to: "" }), { headers: bearer(at) })));
for (const method of ["GET", "POST", "DELETE"]) {
    add(`another origin: ${method}`, at => settled(fetch(at.farUrl("/echo"), { method, headers: bearer(at, { "X-Own": "1" }) })));
    add(`another origin without CORS: ${method}`, at => settled(fetch(at.farUrl("/closed"), { method, headers: bearer(at) })));
}
add("another origin in mode same-origin", at => settled(fetch(at.farUrl("/echo"), { mode: "same-origin", headers: bearer(at) })));
add("another origin in mode no-cors", at => settled(fetch(at.farUrl("/echo"), { mode: "no-cors", headers: bearer(at) })));
add("another origin with credentials", at => settled(fetch(at.farUrl("/echo"), { credentials: "include", headers: bearer(at) })));
add("a connection that is cut", at => settled(fetch(at.url("/cut"), { headers: bearer(at) })));
add("a body that is cut", at => settled(fetch(at.url("/half"), { headers: bearer(at) })));
add("a URL with a fragment", at => settled(fetch(`${at.url("/echo")}#fragment`, { headers: bearer(at) })));
add("a URL object", at => settled(fetch(new URL(at.url("/echo"), location.href), { headers: bearer(at) })));
add("a URL with blanks and ü", at => settled(fetch(`${at.url("/echo")}&q=a b ü`, { headers: bearer(at) })));
add("an input that is read once", async at => {
    const log = [];
    await settled(fetch(telling(log, "url", at.url("/echo")), { headers: bearer(at) }));
    return log;
});
add("the order in which an init is read, and how", async at => {
    const log = [];
    const init = new Proxy({ method: "POST", body: "x", headers: bearer(at) }, {
        get: (target, name) => (log.push(`get ${String(name)}`), target[name]),
        has: (target, name) => (log.push(`has ${String(name)}`), name in target),
        ownKeys: target => (log.push("ownKeys"), Reflect.ownKeys(target)),
        getOwnPropertyDescriptor: (target, name) => (log.push(`descriptor ${String(name)}`), Reflect.getOwnPropertyDescriptor(target, name))
    });
    await settled(fetch(at.url("/echo"), init));
    return log;
});
add("the order in which arguments are converted", async at => {
    const log = [];
    await settled(
        fetch(telling(log, "url", at.url("/echo")), {
            method: telling(log, "method", "POST"),
            headers: { "X-A": telling(log, "header", "1"), ...bearer(at) },
            referrer: telling(log, "referrer", ""),
            cache: telling(log, "cache", "no-store"),
            body: telling(log, "body", "x")
        })
    );
    return log;
});
add("an init whose members are inherited, or not enumerable", async at => {
    const init = Object.create({ method: "POST" }, { headers: { value: bearer(at) } });
    return settled(fetch(at.url("/echo"), init));
});
add("the promise is one", at => {
    const promise = fetch(at.url("/echo"), { headers: bearer(at) });
    return [promise instanceof Promise, promise.constructor === Promise, Object.prototype.toString.call(promise), settled(promise)].slice(0, 3).map(String);
});
add("what the init held changes afterwards", async at => {
    const init = { method: "POST", headers: new Headers(bearer(at)), body: new Uint8Array([65]) };
    const promise = fetch(at.url("/echo"), init);
    init.body[0] = 66;
    init.headers.set("Authorization", "Bearer changed");
    init.method = "PUT";
    return settled(promise);
});

const aborts = {
    "before": controller => controller.abort(),
    "before, with a reason": controller => controller.abort("why"),
    "before, with an error": controller => controller.abort(new RangeError("mine"))
};
for (const [name, abort] of Object.entries(aborts)) {
    add(`aborted ${name}`, async at => {
        const controller = new AbortController();
        abort(controller);
        const log = [];
        const promise = fetch(at.url("/echo"), { signal: controller.signal, headers: bearer(at) });
        await Promise.all([promise.then(() => log.push("answered"), () => log.push("rejected")), Promise.resolve().then(() => log.push("next"))]);
        return [log, await settled(promise)];
    });
    add(`aborted at once afterwards: ${name}`, async at => {
        const controller = new AbortController();
        const log = [];
        const promise = fetch(at.url("/slow"), { signal: controller.signal, headers: bearer(at) });
        abort(controller);
        await Promise.all([promise.then(() => log.push("answered"), () => log.push("rejected")), pause(0).then(() => log.push("later"))]);
        return [log, await settled(promise)];
    });
    add(`aborted under way: ${name}`, async at => {
        const controller = new AbortController();
        const promise = fetch(at.url("/slow"), { signal: controller.signal, headers: bearer(at) });
        setTimeout(() => abort(controller), 250);
        return settled(promise);
    });
    add(`aborted while the body is read: ${name}`, async at => {
        const controller = new AbortController();
        const response = await fetch(at.url("/drip"), { signal: controller.signal, headers: bearer(at) });
        setTimeout(() => abort(controller));
        return settled(response.text());
    });
}
add("aborted twice, and a signal for two calls", async at => {
    const controller = new AbortController();
    const promises = [fetch(at.url("/slow"), { signal: controller.signal, headers: bearer(at) }), fetch(at.url("/slow"), { signal: controller.signal, headers: bearer(at) })];
    controller.abort("first");
    controller.abort("second");
    return Promise.all(promises.map(settled));
});
add("the signal of a Request", async at => {
    const controller = new AbortController();
    const promise = fetch(new Request(at.url("/slow"), { signal: controller.signal, headers: bearer(at) }));
    setTimeout(() => controller.abort("why"), 40);
    return settled(promise);
});
add("a signal over that of a Request", async at => {
    const [first, second] = [new AbortController(), new AbortController()];
    const promise = fetch(new Request(at.url("/slow"), { signal: first.signal, headers: bearer(at) }), { signal: second.signal });
    first.abort("first");
    setTimeout(() => second.abort("second"), 40);
    return settled(promise);
});
add("AbortSignal.timeout", at => settled(fetch(at.url("/slow"), { signal: AbortSignal.timeout(40), headers: bearer(at) })));
add("a signal that aborts after the response", async at => {
    const controller = new AbortController();
    const response = await fetch(at.url("/echo"), { signal: controller.signal, headers: bearer(at) });
    const text = await response.text();
    controller.abort();
    return [response.status, text.length > 0];
});
add("an aborted signal cancels a stream", async at => {
    const log = [];
    const controller = new AbortController();
    controller.abort("why");
    const body = new ReadableStream({ cancel: reason => void log.push(`cancel ${reason}`) });
    const outcome = await settled(fetch(at.url("/echo"), { method: "POST", body, duplex: "half", signal: controller.signal, headers: bearer(at) }));
    await pause(5);
    return [log, outcome];
});
add("a stream without duplex", at => settled(fetch(at.url("/echo"), { method: "POST", body: new ReadableStream(), headers: bearer(at) })));
add("a stream that is locked", at => {
    const body = new ReadableStream();
    body.getReader();
    return settled(fetch(at.url("/echo"), { method: "POST", body, duplex: "half", headers: bearer(at) }));
});
add("a Request whose body was used", async at => {
    const request = new Request(at.url("/echo"), { method: "POST", body: "x", headers: bearer(at) });
    await request.text();
    return settled(fetch(request));
});
add("a clone of a Request", at => settled(fetch(new Request(at.url("/echo"), { method: "POST", body: "x", headers: bearer(at) }).clone())));
add("a Request of a subclass", at => {
    class Own extends Request {}
    return settled(fetch(new Own(at.url("/echo"), { method: "POST", body: "x", headers: bearer(at) })));
});
add("a Request of another window", at => {
    const frame = document.createElement("iframe");
    document.body.append(frame);
    const request = new frame.contentWindow.Request(new URL(at.url("/echo"), location.href), { method: "POST", body: "x", headers: bearer(at) });
    return settled(fetch(request)).finally(() => frame.remove());
});
add("a response as a stream", async at => {
    const response = await fetch(at.url("/drip"), { headers: bearer(at) });
    const reader = response.body.getReader();
    let text = "";
    for (let part; !(part = await reader.read()).done; ) {
        text += new TextDecoder().decode(part.value);
    }
    return [text, response.bodyUsed];
});
add("a response that is cloned", async at => {
    const response = await fetch(at.url("/echo"), { headers: bearer(at) });
    const copy = response.clone();
    return [(await response.text()) === (await copy.text()), response.bodyUsed];
});
for (const how of ["json", "blob", "arrayBuffer", "formData", "text"]) {
    add(`a response as ${how}`, async at => {
        const response = await fetch(at.url("/json"), { headers: bearer(at) });
        const value = await response[how]().catch(described);
        return [Object.prototype.toString.call(value), value?.type, value?.size, value?.byteLength, JSON.stringify(value)].map(String);
    });
}
add("a cookie is set and sent", async at => {
    document.cookie = "page=1; path=/";
    return [await settled(fetch(at.url("/cookie"), { headers: bearer(at) })), await settled(fetch(at.url("/echo"), { headers: bearer(at), credentials: "omit" }))];
});
add("a cached response is used again, also by only-if-cached", async at => {
    const url = at.url("/cacheable", { n: "1" });
    const text = async init => (await fetch(url, { headers: bearer(at), ...init })).text();
    return [await text(), await text({ cache: "force-cache" }), await text({ cache: "only-if-cached", mode: "same-origin" }), await text({ cache: "reload" })].map((value, _, all) => all.indexOf(value));
});
add("ten calls at once", async at => (await Promise.all(Array.from({ length: 10 }, () => fetch(at.url("/echo"), { headers: bearer(at) })))).map(({ status }) => status));
add("how fetch looks", () => [thrown(() => new fetch("/")), fetch.name, String(fetch.length), "prototype" in fetch, typeof fetch, String(Object.getOwnPropertyDescriptor(window, "fetch").writable)]);
