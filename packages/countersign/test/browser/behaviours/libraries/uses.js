/** What each library does with `fetch` and `XMLHttpRequest` that it alone could break: each returns what the page sees. */
import { described, pause, settled } from "../tools.js";

const bearer = ({ token }, more) => ({ Authorization: `Bearer ${token}`, ...more });
const outcome = promise => promise.then(({ status, data, headers }) => ({ status, data: typeof data === "object" ? JSON.stringify(data) : data, answer: String(headers?.["x-answer"]) }), error => `${error.name} ${error.code} ${error.message} ${error.response?.status}`);

const axiosUses = Object.fromEntries(
    ["xhr", "fetch"].flatMap(adapter => {
        const call = (at, path, config, params) => outcome(window.axios({ url: at.url(path, params), adapter, headers: bearer(at), ...config }));
        return Object.entries({
            "GET": at => call(at, "/json"),
            "POST of an object": at => call(at, "/echo", { method: "post", data: { a: "ü" } }),
            "PUT of a form": at => call(at, "/echo", { method: "put", data: new URLSearchParams({ a: "b" }) }),
            "postForm": at => call(at, "/echo", { method: "post", data: { a: "b", c: new Blob(["d"]) }, headers: bearer(at, { "Content-Type": "multipart/form-data" }) }),
            "404": at => call(at, "/status", {}, { status: 404 }),
            "401": at => call(at, "/status", {}, { status: 401 }),
            "a connection that is cut": at => call(at, "/cut"),
            "timeout": at => call(at, "/slow", { timeout: 150 }),
            "a signal that aborts": at => {
                const controller = new AbortController();
                setTimeout(() => controller.abort(), 100);
                return call(at, "/slow", { signal: controller.signal });
            },
            "a signal that has aborted": at => call(at, "/slow", { signal: AbortSignal.abort() }),
            "responseType blob": async at => {
                const { data } = await window.axios({ url: at.url("/json"), adapter, headers: bearer(at), responseType: "blob" });
                return [data.size, data.type, await data.text()];
            },
            "progress": async at => {
                const told = { up: [], down: [] };
                const result = await call(at, "/drip", {
                    method: "post",
                    data: "x".repeat(1000),
                    // Its own fetch sends a stream for it, which browsers refuse over HTTP/1.1.
                    ...(adapter === "xhr" && { onUploadProgress: ({ loaded, total }) => told.up.push(`${loaded} ${total}`) }),
                    onDownloadProgress: ({ loaded }) => told.down.push(loaded)
                });
                await pause(400);
                return [result, told.up.at(-1), told.down.at(-1)];
            },
            "an interceptor that sends a second time after a 401": async at => {
                const client = window.axios.create({ adapter });
                let times = 0;
                client.interceptors.response.use(undefined, error => (times++ < 1 ? client(error.config) : Promise.reject(error)));
                return [await outcome(client(at.url("/status", { status: 401 }), { headers: bearer(at) })), times];
            },
            "the XSRF cookie": async at => {
                document.cookie = "XSRF-TOKEN=x; path=/";
                return call(at, "/echo", { method: "post", data: "x" });
            }
        }).map(([name, use]) => [`${adapter}: ${name}`, use]);
    })
);

const angularUses = Object.fromEntries(
    ["xhr", "fetch"].flatMap(backend => {
        const { firstValueFrom, toArray } = window.angular ?? {};
        const get = async (at, method, path, options, params) => {
            const observable = window.angular[backend]().request(method, at.url(path, params), { headers: bearer(at), ...options });
            return firstValueFrom(observable).then(value => JSON.stringify(value), error => `${error.name} ${error.status} ${error.message} ${JSON.stringify(error.error)}`);
        };
        return Object.entries({
            "GET": at => get(at, "GET", "/json"),
            "POST of an object": at => get(at, "POST", "/echo", { body: { a: "ü" }, responseType: "text" }),
            "POST of a FormData": at => {
                const form = new FormData();
                form.append("a", new Blob(["b"]), "c");
                return get(at, "POST", "/echo", { body: form, responseType: "text" });
            },
            "404": at => get(at, "GET", "/status", {}, { status: 404 }),
            "401": at => get(at, "GET", "/status", {}, { status: 401 }),
            "a connection that is cut": at => get(at, "GET", "/cut"),
            "text where JSON was expected": at => get(at, "GET", "/echo"),
            "all events": async at => {
                const events = await firstValueFrom(window.angular[backend]().request("POST", at.url("/echo"), { body: "text", headers: bearer(at), observe: "events", reportProgress: true, responseType: "text" }).pipe(toArray()));
                return events.map(({ type, status }) => `${type} ${status}`).filter((event, i, all) => event !== all[i - 1]);
            },
            "unsubscribed under way": async at => {
                const log = [];
                const subscription = window.angular[backend]().get(at.url("/slow"), { headers: bearer(at) }).subscribe({ next: () => log.push("next"), error: () => log.push("error"), complete: () => log.push("complete") });
                await pause(100);
                subscription.unsubscribe();
                await pause(100);
                return log;
            },
            "unsubscribed at once": async at => {
                const log = [];
                window.angular[backend]().get(at.url("/slow"), { headers: bearer(at) }).subscribe({ next: () => log.push("next"), error: () => log.push("error") }).unsubscribe();
                await pause(100);
                return log;
            }
        }).map(([name, use]) => [`${backend}: ${name}`, use]);
    })
);

const upload = (at, more = {}) =>
    new Promise(resolve => {
        const progress = [];
        const one = new window.tus.Upload(new Blob(["x".repeat(5000)]), {
            endpoint: at.url("/tus"),
            headers: bearer(at),
            retryDelays: [10],
            storeFingerprintForResuming: false,
            onProgress: (sent, total) => progress.push(`${sent} ${total}`),
            onSuccess: () => resolve(["success", progress.at(-1)]),
            onError: error => resolve([described(error).replace(/request id: .*/, "")]),
            ...more
        });
        one.start();
    });
const tusUses = {
    "a file": at => upload(at),
    "a file in parts": at => upload(at, { chunkSize: 2000 }),
    "what onBeforeRequest and onAfterResponse see": async at => {
        const seen = [];
        await upload(at, {
            onBeforeRequest: request => void seen.push(`${request.getMethod()} ${request.getHeader("Upload-Offset")}`),
            onAfterResponse: (request, response) => void seen.push(`${response.getStatus()} ${response.getHeader("Upload-Offset")}`)
        });
        return seen;
    },
    "a refusal": at => upload(at, { endpoint: at.url("/status", { status: 403 }), retryDelays: null }),
    "aborted": async at => {
        const log = [];
        const one = new window.tus.Upload(new Blob(["x"]), { endpoint: at.url("/slow"), headers: bearer(at), retryDelays: null, onError: () => log.push("error"), onSuccess: () => log.push("success") });
        one.start();
        await pause(100);
        await one.abort();
        await pause(100);
        return log;
    }
};

const byXhr = (at, path) =>
    new Promise(resolve => {
        const xhr = new XMLHttpRequest();
        xhr.open("GET", at.url(path));
        xhr.setRequestHeader("Authorization", `Bearer ${at.token}`);
        xhr.onloadend = () => resolve([xhr.status, xhr.responseText, xhr.getResponseHeader("x-mocked")]);
        xhr.send();
    });
const sentryUses = {
    "breadcrumbs tell each call once": async at => {
        await fetch(at.url("/status", { status: 404 }), { headers: bearer(at) });
        await byXhr(at, "/json");
        return window.breadcrumbs().filter(({ category }) => category === "fetch" || category === "xhr").slice(-2);
    },
    "its headers reach the server": async at => {
        await fetch(at.url("/traced"), { headers: bearer(at) });
        await byXhr(at, "/traced");
    }
};
const interceptorsUses = {
    "a mocked fetch": at => settled(fetch(at.url("/mocked"), { headers: bearer(at) })),
    "a mocked XHR": at => byXhr(at, "/mocked"),
    "a mocked POST": at => settled(fetch(at.url("/mocked"), { method: "POST", body: "x", headers: bearer(at) })),
    "calls that pass through": async at => [await settled(fetch(at.url("/json"), { headers: bearer(at) })), await byXhr(at, "/json")]
};

const uses = { axios: axiosUses, angular: angularUses, tus: tusUses, sentry: sentryUses, interceptors: interceptorsUses, zone: {} };

/** Uses a library that is loaded, in all of these ways. */
export async function use(library, { token, far, query = "" }) {
    const seen = {};
    for (const [number, [name, run]] of Object.entries(uses[library]).entries()) {
        const url = (path, params) => `${path}?${new URLSearchParams({ b: String(number), ...params })}${query}`;
        seen[name] = await Promise.race([
            (async () => run({ token, far, url }))().catch(error => `threw ${described(error)}`),
            new Promise(resolve => setTimeout(resolve, 8_000, "no end"))
        ]);
    }
    return seen;
}

export const namesOf = library => Object.keys(uses[library]);
