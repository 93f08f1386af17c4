/** Behaviours of `XMLHttpRequest`: each returns what the page sees. The server's view is compared by the test. */
import { described, opened, pause, state, telling, thrown } from "./tools.js";

const bodies = {
    "nothing": () => undefined,
    "null": () => null,
    "a string": () => "süß",
    "an empty string": () => "",
    "a number": () => 5,
    "an object": () => ({}),
    "an object with toString": () => ({ toString: () => "told" }),
    "a URLSearchParams": () => new URLSearchParams({ a: "b c", ü: "&" }),
    "a Blob with a type": () => new Blob(["blob"], { type: "text/x-test" }),
    "a Blob without": () => new Blob(["blob"]),
    "an ArrayBuffer": () => new TextEncoder().encode("bytes").buffer,
    "a view": () => new TextEncoder().encode("bytes").subarray(1, 3),
    "an XML document": () => new DOMParser().parseFromString("<a>ü</a>", "text/xml"),
    "an HTML document": () => new DOMParser().parseFromString("<p>ü", "text/html"),
    "a body of 300 KB": () => "x".repeat(300_000)
};

/** When the browser hears that a body has left is not decided by the page. */
const withoutUpload = events => events.filter(event => !/^upload (?!loadstart)/.test(event));

export const behaviours = {};
const add = (name, run) => (behaviours[`xhr: ${name}`] = run);

for (const [name, make] of Object.entries(bodies)) {
    for (const method of ["GET", "POST"]) {
        add(`${method} of ${name}`, async at => {
            const { xhr, events, note, ended } = opened(at, method, at.url("/echo"), { upload: !name.includes("document") });
            xhr.send(make());
            note("sent");
            await ended;
            return [events, state(xhr)];
        });
    }
}
add("POST of a FormData", async at => {
    const form = new FormData();
    form.append("a", "ü");
    form.append("b", new Blob(["content"], { type: "x/y" }), "n.txt");
    const { xhr, events, ended } = opened(at, "POST", at.url("/echo"));
    xhr.send(form);
    await ended;
    // The boundary is random, and not as long as another everywhere.
    return [events.filter(event => !event.startsWith("upload loadstart")).map(event => event.replace(/ \d+ \d+ /, " ")), state(xhr).status];
});
for (const method of ["get", "Post", "PATCH", "PUT", "DELETE", "HEAD", "QUERY", "TRACE", "CONNECT", "TRACK", "A B", ""]) {
    add(`method ${JSON.stringify(method)}`, async at => {
        try {
            const { xhr, events, ended } = opened(at, method, at.url("/echo"));
            xhr.send();
            await ended;
            return [events, state(xhr)];
        } catch (error) {
            return described(error);
        }
    });
}
for (const status of [200, 204, 205, 304, 400, 401, 403, 404, 500, 503]) {
    add(`status ${status}`, async at => {
        const { xhr, events, ended } = opened(at, "GET", at.url("/status", { status }));
        xhr.send();
        await ended;
        return [events, state(xhr)];
    });
}
for (const type of ["", "text", "json", "blob", "arraybuffer", "document", "nonsense"]) {
    for (const path of ["/json", "/xml", "/echo"]) {
        add(`responseType ${JSON.stringify(type)} of ${path}`, async at => {
            const { xhr, events, ended } = opened(at, "GET", at.url(path));
            xhr.responseType = type;
            xhr.send();
            const early = state(xhr);
            await ended;
            return [early, events, state(xhr)];
        });
    }
}
for (const status of [301, 302, 303, 307, 308]) {
    for (const method of ["GET", "POST"]) {
        for (const to of ["here", "far"]) {
            add(`a redirect by ${status} of a ${method} to ${to}`, async at => {
                const { xhr, events, ended } = opened(at, method, at.url("/redirect", { status, to: to === "here" ? "/echo?b=to" : `${at.far}/echo?b=far` }));
                xhr.send(method === "POST" ? "x" : undefined);
                await ended;
                return [withoutUpload(events), state(xhr)];
            });
        }
    }
}
for (const [name, path] of Object.entries({ "cut": "/cut", "without CORS": "far", "in a loop": "/loop" })) {
    for (const method of ["GET", "POST"]) {
        add(`a ${method} that fails: ${name}`, async at => {
            const { xhr, events, ended } = opened(at, method, path === "far" ? at.farUrl("/closed") : at.url(path));
            xhr.send("x");
            await ended;
            return [events.filter(event => event !== "upload progress"), state(xhr)];
        });
    }
}
add("a body that is cut", async at => {
    const { xhr, events, ended } = opened(at, "GET", at.url("/half"));
    xhr.send();
    await ended;
    return [events, state(xhr)];
});
add("another origin", async at => {
    const { xhr, events, ended } = opened(at, "PUT", at.farUrl("/echo"), { headers: { "X-Own": "1" } });
    xhr.send("x");
    await ended;
    return [events, state(xhr)];
});
add("another origin, with credentials", async at => {
    const { xhr, events, ended } = opened(at, "GET", at.farUrl("/echo"));
    xhr.withCredentials = true;
    xhr.send();
    await ended;
    return [events, state(xhr)];
});
for (const when of ["at once", "in the next turn", "under way", "after the headers", "at the end"]) {
    for (const method of ["GET", "POST"]) {
        add(`abort() ${when}: ${method}`, async at => {
            const { xhr, events, note, ended } = opened(at, method, at.url(when === "after the headers" ? "/drip" : when === "at the end" ? "/echo" : "/slow"));
            xhr.send("body");
            if (when === "in the next turn") {
                await 0;
            } else if (when === "under way") {
                await pause(250);
            } else if (when === "after the headers") {
                await new Promise(resolve => xhr.addEventListener("progress", resolve));
            } else if (when === "at the end") {
                await ended;
            }
            xhr.abort();
            note("aborted");
            await pause(30);
            return [when === "at once" || when === "in the next turn" ? events : withoutUpload(events), state(xhr)];
        });
    }
}
for (const type of ["loadstart", "readystatechange", "progress", "load", "loadend"]) {
    add(`abort() inside ${type}`, async at => {
        const { xhr, events, ended } = opened(at, "POST", at.url("/echo"));
        xhr.addEventListener(type, () => xhr.abort());
        xhr.send("body");
        await ended;
        await pause(20);
        return [withoutUpload(events), state(xhr)];
    });
}
for (const type of ["readystatechange", "load"]) {
    add(`abort() inside the last ${type} of a 401`, async at => {
        const { xhr, events } = opened(at, "GET", at.url("/status", { status: 401 }));
        const called = new Promise(resolve =>
            xhr.addEventListener(type, () => {
                if (xhr.readyState === 4) {
                    xhr.abort();
                    resolve();
                }
            })
        );
        xhr.send();
        await called;
        await pause(20);
        return [events, state(xhr)];
    });
}
for (const [name, url] of Object.entries({ "a data URL": () => "data:text/plain,hello", "a blob URL": () => URL.createObjectURL(new Blob(["blob"], { type: "text/plain" })), "an unknown scheme": () => "unknown:x" })) {
    add(name, async at => {
        const { xhr, events, ended } = opened(at, "GET", url());
        xhr.send();
        await ended;
        return [events, state(xhr)];
    });
}
add("abort() before send()", async at => {
    const { xhr, events } = opened(at, "POST", at.url("/echo"));
    xhr.abort();
    return [events, state(xhr), thrown(() => xhr.send())];
});
add("timeout", async at => {
    const { xhr, events, ended } = opened(at, "POST", at.url("/slow"));
    xhr.timeout = 200;
    xhr.send("x");
    await ended;
    return [withoutUpload(events), state(xhr)];
});
add("timeout that is set after send()", async at => {
    const { xhr, events, ended } = opened(at, "GET", at.url("/slow"));
    xhr.send();
    xhr.timeout = 200;
    await ended;
    return [events, state(xhr)];
});
add("timeout that is taken back", async at => {
    const { xhr, events, ended } = opened(at, "GET", at.url("/slow"));
    xhr.timeout = 200;
    xhr.send();
    xhr.timeout = 0;
    await ended;
    return [events, state(xhr)];
});
add("what send() forbids, and what it allows", async at => {
    const { xhr, ended } = opened(at, "GET", at.url("/echo"));
    xhr.send();
    const probe = () => [
        thrown(() => xhr.send()),
        thrown(() => xhr.setRequestHeader("a", "b")),
        thrown(() => xhr.setRequestHeader("a b", "c")),
        thrown(() => xhr.setRequestHeader("a")),
        thrown(() => (xhr.withCredentials = true)),
        thrown(() => (xhr.timeout = 5000)),
        thrown(() => (xhr.responseType = "text")),
        thrown(() => xhr.overrideMimeType("text/plain")),
        xhr.withCredentials,
        xhr.responseType
    ];
    const early = probe();
    await ended;
    return [early, probe()];
});
add("what is forbidden before open()", () => {
    const xhr = new XMLHttpRequest();
    return [
        thrown(() => xhr.send()),
        thrown(() => xhr.setRequestHeader("Authorization", "x")),
        thrown(() => xhr.abort()),
        thrown(() => (xhr.withCredentials = true)),
        thrown(() => xhr.overrideMimeType("text/plain")),
        thrown(() => xhr.getResponseHeader("a")),
        state(xhr)
    ];
});
const opens = {
    "no argument": [],
    "one argument": ["GET"],
    "an invalid URL": ["GET", "http://["],
    "a URL with a password": ["GET", "http://a:b@localhost/"],
    "undefined": [undefined, undefined],
    "a symbol as method": [Symbol("s"), "/"],
    "a symbol as URL": ["GET", Symbol("s")],
    "an object without toString": ["GET", Object.create(null)],
    "async undefined": ["GET", "/echo", undefined],
    "async null": ["GET", "/echo", null],
    "user and password": ["GET", "/echo", true, "user", "password"],
    "user null": ["GET", "/echo", true, null, null],
    "a URL object": ["GET", new URL("/echo", location.href)]
};
for (const [name, args] of Object.entries(opens)) {
    add(`open() with ${name}`, () => {
        const xhr = new XMLHttpRequest();
        const events = [];
        xhr.onreadystatechange = () => events.push(xhr.readyState);
        return [thrown(() => xhr.open(...args)), events, state(xhr), thrown(() => xhr.setRequestHeader("a", "b"))];
    });
}
for (const [name, args] of Object.entries({ "no argument": [], "one argument": ["a"], "an invalid name": ["a b", "c"], "an empty name": ["", "c"], "an invalid value": ["a", "b\nc"], "a wide value": ["a", "\u0100"], "a symbol": [Symbol("s"), "b"], "a symbol as value": ["a", Symbol("s")], "a forbidden name": ["Host", "evil"], "null": ["a", null], "a number": ["a", 5] })) {
    add(`setRequestHeader() with ${name}`, async at => {
        const { xhr, ended } = opened(at, "GET", at.url("/echo"));
        const outcome = thrown(() => xhr.setRequestHeader(...args));
        xhr.send();
        await ended;
        return outcome;
    });
}
add("header names keep their case, values are combined", async at => {
    const { xhr, ended } = opened(at, "GET", at.url("/echo"), { headers: { "X-CaSe": "1", "lower": "x" } });
    xhr.setRequestHeader("x-case", " 2 ");
    xhr.setRequestHeader("X-Empty", "");
    xhr.send();
    await ended;
});
add("arguments are converted in order, once", async at => {
    const log = [];
    const xhr = new XMLHttpRequest();
    const ended = new Promise(resolve => (xhr.onloadend = resolve));
    xhr.open(telling(log, "method", "POST"), telling(log, "url", at.url("/echo")), true, telling(log, "user", "u"), telling(log, "password", "p"));
    xhr.setRequestHeader(telling(log, "name", "Authorization"), telling(log, "value", `Bearer ${at.token}`));
    xhr.send(telling(log, "body", "x"));
    await ended;
    return [log, xhr.status];
});
for (const name of ["open", "send", "setRequestHeader", "abort", "getResponseHeader", "getAllResponseHeaders", "overrideMimeType"]) {
    add(`${name}() with another this`, () => [{}, null, 5, XMLHttpRequest.prototype].map(self => thrown(() => XMLHttpRequest.prototype[name].call(self, "GET", "/"))));
}
for (const name of ["readyState", "status", "response", "responseText", "upload", "timeout", "withCredentials", "responseType", "onreadystatechange"]) {
    add(`${name} with another this`, () => {
        const { get, set } = Object.getOwnPropertyDescriptor(XMLHttpRequest.prototype, name);
        return [{}, null, XMLHttpRequest.prototype].flatMap(self => [thrown(() => get.call(self)), set ? thrown(() => set.call(self, 1)) : "no setter"]);
    });
}
add("the constructor", () => [
    thrown(() => XMLHttpRequest()),
    XMLHttpRequest.name,
    XMLHttpRequest.length,
    XMLHttpRequest.DONE,
    new XMLHttpRequest().constructor === XMLHttpRequest,
    new XMLHttpRequest() instanceof XMLHttpRequest,
    Object.getPrototypeOf(XMLHttpRequest) === XMLHttpRequestEventTarget,
    Object.prototype.toString.call(new XMLHttpRequest()),
    JSON.stringify(Object.getOwnPropertyNames(XMLHttpRequest.prototype))
].map(String));
add("a subclass", async at => {
    class Own extends XMLHttpRequest {
        constructor() {
            super();
            this.mine = 1;
        }
        open(method, url) {
            super.open(method, url);
            this.wasOpened = true;
        }
    }
    const { xhr, events, ended } = opened(at, "GET", at.url("/echo"), { Xhr: Own });
    xhr.send();
    await ended;
    return [events, xhr.mine, xhr.wasOpened, xhr.constructor === Own];
});
add("handlers and listeners, in their order", async at => {
    const log = [];
    const xhr = new XMLHttpRequest();
    xhr.addEventListener("load", () => log.push("first"));
    xhr.onload = function (event) {
        log.push(`handler ${this === xhr} ${event.type} ${event.target === xhr} ${event.currentTarget === xhr} ${event.eventPhase}`);
    };
    xhr.addEventListener("load", { handleEvent: () => log.push("object") });
    xhr.addEventListener("load", () => log.push("capture"), true);
    xhr.addEventListener("load", event => event.stopImmediatePropagation());
    xhr.addEventListener("load", () => log.push("never"));
    xhr.open("GET", at.url("/echo"));
    xhr.setRequestHeader("Authorization", `Bearer ${at.token}`);
    const ended = new Promise(resolve => (xhr.onloadend = resolve));
    xhr.send();
    await ended;
    return [log, xhr.onload.name, xhr.onerror];
});
add("a handler that throws", async at => {
    const errors = [];
    const listen = event => (errors.push(event.message), event.preventDefault());
    window.addEventListener("error", listen);
    const { xhr, events, ended } = opened(at, "GET", at.url("/echo"));
    xhr.onload = () => {
        throw new RangeError("mine");
    };
    xhr.send();
    await ended;
    window.removeEventListener("error", listen);
    return [events, errors];
});
add("the events in detail", async at => {
    const { xhr, events, ended } = opened(at, "GET", at.url("/echo"), { detail: true });
    xhr.send();
    await ended;
    return events.map(event => event.replace(/^(progress|load|loadend) \d+ \d+/, "$1"));
});
add("loadstart tells of a request that can't be changed", async at => {
    const log = [];
    const { xhr, ended } = opened(at, "POST", at.url("/echo"));
    xhr.onloadstart = () => log.push(state(xhr), thrown(() => xhr.setRequestHeader("a", "b")), thrown(() => xhr.send()), thrown(() => (xhr.withCredentials = true)));
    xhr.send("x");
    await ended;
    return log;
});
add("an instance is used again", async at => {
    const { xhr, events, ended } = opened(at, "GET", at.url("/echo"));
    xhr.send();
    await ended;
    xhr.open("POST", at.url("/json"));
    xhr.setRequestHeader("Authorization", `Bearer ${at.token}`);
    const again = new Promise(resolve => (xhr.onloadend = () => setTimeout(resolve, 15)));
    xhr.send("x");
    await again;
    return [events, state(xhr)];
});
for (const when of ["at once", "under way", "inside loadstart"]) {
    add(`open() again ${when}`, async at => {
        const { xhr, events } = opened(at, "POST", at.url("/slow"));
        const again = () => {
            xhr.onloadstart = null;
            xhr.open("GET", at.url("/echo"));
            xhr.setRequestHeader("Authorization", `Bearer ${at.token}`);
            events.push("opened again");
            xhr.send();
        };
        if (when === "inside loadstart") {
            xhr.onloadstart = again;
        }
        xhr.send("x");
        when === "under way" && (await pause(250));
        when === "inside loadstart" || again();
        await new Promise(resolve => (xhr.onloadend = () => setTimeout(resolve, 15)));
        return [withoutUpload(events), state(xhr)];
    });
}
add("overrideMimeType", async at => {
    const { xhr, ended } = opened(at, "GET", at.url("/echo"));
    xhr.overrideMimeType("text/xml; charset=latin1");
    xhr.send();
    await ended;
    return state(xhr);
});
add("a response that comes in parts", async at => {
    const { xhr, events, ended } = opened(at, "GET", at.url("/drip"));
    const lengths = [];
    xhr.onprogress = () => lengths.push(xhr.responseText.length > 0);
    xhr.send();
    await ended;
    // How many parts it takes depends on the time.
    return [[...new Set(events)], lengths.every(Boolean), state(xhr)];
});
add("the readyState that a timer sees", async at => {
    const seen = new Set();
    const { xhr, ended } = opened(at, "GET", at.url("/slow"));
    xhr.send();
    const timer = setInterval(() => seen.add(`${xhr.readyState} ${xhr.status}`), 1);
    await ended;
    clearInterval(timer);
    // It comes too late for some.
    return [...seen].filter(line => !/^[23] 200/.test(line)).sort();
});
for (const when of ["before send(), read only", "before send()", "after send()", "inside loadstart"]) {
    add(`a listener of upload is added ${when}`, async at => {
        const { xhr, ended } = opened(at, "POST", at.url("/echo"), { upload: false });
        const events = [];
        const add = () => ["loadstart", "load", "loadend"].forEach(type => xhr.upload.addEventListener(type, () => events.push(type)));
        if (when.startsWith("before")) {
            when.endsWith("only") ? xhr.upload : add();
        } else if (when === "inside loadstart") {
            xhr.onloadstart = add;
        }
        xhr.send("x");
        when === "after send()" && add();
        await ended;
        return events;
    });
}
add("a cookie is sent with credentials", async at => {
    document.cookie = "page=1; path=/";
    const { xhr, ended } = opened(at, "GET", at.url("/echo"));
    xhr.withCredentials = true;
    xhr.send();
    await ended;
    return [xhr.withCredentials, xhr.status];
});
add("five at once", async at => {
    const all = Array.from({ length: 5 }, () => opened(at, "GET", at.url("/echo")));
    all.forEach(({ xhr }) => xhr.send());
    await Promise.all(all.map(({ ended }) => ended));
    return all.map(({ xhr, events }) => [xhr.status, events.join()]);
});
add("send() of what can't be sent", async at => {
    const shared = typeof SharedArrayBuffer === "undefined" ? undefined : new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;
    const all = [Symbol("s"), { toString() { throw new RangeError("mine"); } }, { [Symbol.toPrimitive]: () => ({}) }, ...(shared ? [shared, new Uint8Array(shared)] : [])];
    return all.map(body => {
        const { xhr, events } = opened(at, "POST", at.url("/echo"));
        return [thrown(() => xhr.send(body)), events, thrown(() => xhr.setRequestHeader("a", "b"))];
    });
});
add("a buffer that was transferred", async at => {
    const { xhr, ended } = opened(at, "POST", at.url("/echo"));
    const buffer = new ArrayBuffer(4);
    structuredClone(buffer, { transfer: [buffer] });
    const outcome = thrown(() => xhr.send(buffer));
    await (xhr.readyState === 1 && outcome === "returned undefined" ? ended : pause(1));
    return [outcome, state(xhr)];
});
add("what the body held changes afterwards", async at => {
    const form = new URLSearchParams({ a: "before" });
    const bytes = new Uint8Array([65]);
    const all = [form, bytes].map(body => {
        const one = opened(at, "POST", at.url("/echo"));
        one.xhr.send(body);
        return one;
    });
    form.set("a", "after");
    bytes[0] = 66;
    await Promise.all(all.map(({ ended }) => ended));
    return all.map(({ xhr }) => xhr.responseText);
});
