// What a page may do to its own requests, and what must hold of everything that then arrives.
import assert from "node:assert/strict";

/** Answers `/nonce` with a challenge until there is a nonce, `/redirect` as told. */
export function answer({ url, headers }) {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    const proof = headers["dpop"]?.startsWith("{") ? JSON.parse(headers["dpop"]) : undefined;
    if (pathname === "/nonce" && !proof?.nonce) {
        return { status: 401, headers: { "dpop-nonce": "n1" }, body: "challenge" };
    }
    if (pathname === "/redirect") {
        return { status: 302, headers: { location: searchParams.get("to") } };
    }
    if (pathname === "/strict" && new URL(proof?.htu ?? "http://none/").pathname !== pathname) {
        return { status: 401, body: "wrong htu" };
    }
    return { body: "ok" };
}

/** No bound token arrived but as DPoP, with a proof for this very request; no proof arrived without its token. Forgets them. */
export function assertOnlySignedRequests({ origin, requests }) {
    for (const { method, url, headers } of requests.splice(0)) {
        const { authorization = "", dpop } = headers;
        const what = `${method} ${url} ${authorization} ${dpop}`;
        if (/bound-\d/.test(authorization) || dpop?.startsWith("{")) {
            assert.match(authorization, /^DPoP bound-\d+$/, what);
            const { htm, htu } = JSON.parse(dpop);
            // A redirect leaves the proof as it was.
            if (new URL(htu).pathname !== "/redirect") {
                assert.deepEqual([htm, htu], [method, `${origin}${url.split("?")[0]}`], what);
            }
        }
    }
}

/** For the page: another realm of the same origin, and what was written to the console as an error. */
export const prepare = () => {
    window.otherRealm = () => {
        const frame = document.createElement("iframe");
        document.body.append(frame);
        return frame.contentWindow;
    };
    window.errors = [];
    const { error } = console;
    console.error = (...args) => {
        window.errors.push(String(args[0]?.message ?? args[0]));
        error.apply(console, args);
    };
};

/** Spellings of one of our tokens that go out as DPoP. */
export const SPELLINGS = ["Bearer bound-1", "bEARER bound-1", "Bearer   bound-1", "Bearer\tbound-1", " \tBearer \t bound-1\t ", "Bearer\u00a0bound-1", "Bearer\u000bbound-1", "dpop\tbound-1"];

/** Values that hold one of our tokens otherwise: what a server makes of them nobody knows. */
export const MISSPELLINGS = ["bound-1", "Token bound-1", "Bearer bound-1,", "Bearer x, Bearer bound-1", 'Bearer "bound-1"', "Bearer token=bound-1", "Bearer bound-1 x"];
