// What a page may do to its own requests, and what must hold for everything that then arrives.
import assert from "node:assert/strict";

/**
 * Answers `/nonce` with a challenge until the proof has a nonce, and `/redirect` as the test says.
 */
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

/**
 * Asserts that every bound token arrived as DPoP, with a proof for that request, and that no proof
 * arrived without its token. Then forgets the requests.
 */
export function assertOnlySignedRequests({ origin, requests }) {
    for (const { method, url, headers } of requests.splice(0)) {
        const { authorization = "", dpop } = headers;
        const what = `${method} ${url} ${authorization} ${dpop}`;
        if (/bound-\d/.test(authorization) || dpop?.startsWith("{")) {
            assert.match(authorization, /^DPoP bound-\d+$/, what);
            const { htm, htu } = JSON.parse(dpop);
            // A redirect does not change the proof.
            if (new URL(htu).pathname !== "/redirect") {
                assert.deepEqual([htm, htu], [method, `${origin}${url.split("?")[0]}`], what);
            }
        }
    }
}

/** Prepares the page: adds another realm of the same origin, and records errors in the console. */
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

/** Forms of one of our tokens that go out as DPoP. */
export const SPELLINGS = ["Bearer bound-1", "bEARER bound-1", "Bearer   bound-1", "Bearer\tbound-1", " \tBearer \t bound-1\t ", "Bearer\u00a0bound-1", "Bearer\u000bbound-1", "dpop\tbound-1"];

/**
 * Values that contain one of our tokens in another form, which servers may read in different ways.
 */
export const MISSPELLINGS = ["bound-1", "Token bound-1", "Bearer bound-1,", "Bearer x, Bearer bound-1", 'Bearer "bound-1"', "Bearer token=bound-1", "Bearer bound-1 x"];
