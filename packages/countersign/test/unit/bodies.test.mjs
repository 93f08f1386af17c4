// Bodies of every kind by `fetch`. The page's code is the same for every browser. In WebKit, reading `Request.body`
// turns the body into a stream for good, which it can then neither send with `keepalive` nor read as a form.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, openPage, proofOf, startServer } from "./support/page.mjs";

const answer = ({ url, headers }) =>
    url === "/nonce" && !JSON.parse(headers["dpop"]).nonce ? { status: 401, headers: { "dpop-nonce": "n1" }, body: "challenge" } : { body: "ok" };

let browser, server, page;
before(async () => {
    browser = await launch();
    server = await startServer(answer);
    page = await openPage(browser, server);
});
after(async () => {
    await browser?.close();
    await server?.close();
});
afterEach(async () => {
    assert.equal(await page.evaluate(() => window.openAttempts()), 0, "every attempt was observed or released");
    server.requests.length = 0;
});

const form = '(() => { const f = new FormData(); f.append("n", "v"); f.append("file", new Blob(["content"]), "a.txt"); return f; })()';
const bodies = {
    "no body": ["undefined", /^$/],
    "an empty string": ['""', /^$/],
    "a string": ['"text"', /^text$/],
    "a FormData with a Blob": [form, /name="n"\r\n\r\nv\r\n[^]*filename="a.txt"[^]*content/],
    "a URLSearchParams": ['new URLSearchParams({ a: "b" })', /^a=b$/],
    "a Blob": ['new Blob(["blob"])', /^blob$/],
    "an ArrayBuffer": ['new TextEncoder().encode("bytes").buffer', /^bytes$/]
};
for (const [name, [make, body]] of Object.entries(bodies)) {
    for (const keepalive of [false, true]) {
        for (const way of ["init", "a Request", "a Request and an init"]) {
            test(`a POST of ${name} is sent, and sent again after a challenge (keepalive: ${keepalive}, as ${way})`, async () => {
                const status = await page.evaluate(
                    async ([make, keepalive, way]) => {
                        const init = { method: "POST", keepalive, body: (0, eval)(make), headers: { Authorization: "Bearer bound-1" } };
                        const [input, more] = way === "init" ? ["/nonce", init] : [new Request("/nonce", init), way === "a Request" ? undefined : { cache: "no-store" }];
                        return (await fetch(input, more)).status;
                    },
                    [make, keepalive, way]
                );
                assert.equal(status, 200);
                assert.deepEqual(server.requests.map(proofOf).map(({ nonce }) => nonce), [undefined, "n1"]);
                for (const request of server.requests) {
                    assert.match(request.body, body);
                }
            });
        }
    }
}

test("a DELETE without a body, and a GET, are sent again after a challenge", async () => {
    for (const method of ["DELETE", "GET"]) {
        const status = await page.evaluate(
            async method => (await fetch("/nonce", { method, headers: { Authorization: "Bearer bound-1" } })).status,
            method
        );
        assert.equal(status, 200);
    }
    assert.deepEqual(server.requests.map(({ method, body }) => method + body), ["DELETE", "DELETE", "GET", "GET"]);
});
