/** API calls as apps write them: every way to send, every kind of body, what arrives and with what proof. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertBoundCall } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

const NOTE = { text: "süß & 'quoted'" };
const TEXT = "some bytes, and ünïcode";

/** Fresh for each transport, as one call makes the note that later ones change. */
function calls(api) {
    const json = { kind: "json", value: NOTE };
    const isNote = exchange => assert.equal(exchange.text(), JSON.stringify(NOTE));
    const isText = exchange => assert.equal(exchange.text(), TEXT);
    return [
        { call: { url: `${api}/api/me` }, status: 200 },
        { call: { url: `${api}/api/notes`, method: "POST", body: json }, status: 201, check: isNote },
        { call: id => ({ url: `${api}/api/notes/${id}`, method: "PUT", body: json }), status: 200, check: isNote },
        { call: id => ({ url: `${api}/api/notes/${id}?really=yes`, method: "DELETE" }), status: 204 },
        {
            call: {
                url: `${api}/api/files`,
                method: "POST",
                body: { kind: "form", fields: {}, files: { "a.txt": "first", "b.txt": TEXT } }
            },
            status: 200,
            check: (exchange, { files }) => {
                assert.match(exchange.header("Content-Type"), /^multipart\/form-data; boundary=/);
                assert.ok(exchange.text().includes(TEXT));
                assert.deepEqual(
                    files.map(({ name, size }) => [name, size]),
                    [["a.txt", 5], ["b.txt", Buffer.byteLength(TEXT)]]
                );
            }
        },
        {
            call: { url: `${api}/api/files`, method: "POST", body: { kind: "blob", text: TEXT, type: "text/x-test" } },
            status: 200,
            check: exchange => {
                isText(exchange);
                assert.equal(exchange.header("Content-Type"), "text/x-test");
            }
        },
        {
            call: {
                url: `${api}/api/files`,
                method: "POST",
                body: { kind: "bytes", text: TEXT },
                headers: { "Content-Type": "application/octet-stream" }
            },
            status: 200,
            check: isText
        },
        {
            call: { url: `${api}/api/files`, method: "POST", body: { kind: "search", fields: { a: "1 2", b: "&" } } },
            status: 200,
            check: exchange => assert.deepEqual(exchange.form(), { a: "1 2", b: "&" })
        }
    ];
}

for (const setup of ["plugin", "manual"]) {
    test(`r1_v8_v9_calls_with_every_method_and_body_by_every_way_to_send (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup } });
        await world.start();
        const { accessToken } = await world.tokens();
        for (const transport of ["fetch", "request", "xhr"]) {
            let id;
            for (const { call, status, check } of calls(world.api.origin)) {
                const described = { transport, ...(typeof call === "function" ? call(id) : call) };
                const label = `${transport} ${described.method ?? "GET"} ${described.body?.kind ?? ""}`;
                const mark = world.api.mark();
                const result = await world.call(described);
                assert.equal(result.status, status, `${label}: ${result.text}`);
                const [exchange, ...others] = world.api.list({ since: mark });
                assert.equal(others.length, 0, `${label}: one request`);
                assert.equal(exchange.method, described.method ?? "GET");
                await assertBoundCall(exchange, accessToken);
                const answer = result.text === "" ? undefined : JSON.parse(result.text);
                check?.(exchange, answer);
                id = answer?.id ?? id;
            }
        }
    });
}

test("n7_a_preflight_carries_neither_token_nor_proof", async t => {
    const world = await World.create(t);
    await world.start();
    await world.call({ url: `${world.api.origin}/api/notes`, method: "POST", body: { kind: "json", value: NOTE } });
    const [preflight] = world.api.list({ method: "OPTIONS" });
    assert.deepEqual([preflight.all("Authorization"), preflight.all("DPoP")], [[], []]);
    assert.match(preflight.header("Access-Control-Request-Headers"), /\bauthorization\b.*\bdpop\b/);
});

test("a call that carries none of our tokens goes out as it is", async t => {
    const world = await World.create(t, { expectedErrors: [/status of 401/] });
    await world.start();
    for (const transport of ["fetch", "request", "xhr"]) {
        const mark = world.api.mark();
        const { status } = await world.call({ url: `${world.api.origin}/api/me`, transport, token: "another.one.entirely" });
        assert.equal(status, 401);
        const [call, ...others] = world.api.list({ since: mark });
        assert.equal(others.length, 0);
        assert.deepEqual(call.all("Authorization"), ["Bearer another.one.entirely"]);
        assert.deepEqual(call.all("DPoP"), []);
    }
});
