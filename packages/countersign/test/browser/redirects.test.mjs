/** Redirects of calls within the API, which a page cannot see: what is sent once more, and what is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertBoundCall } from "./harness/proof.mjs";
import { withoutFields } from "./harness/wire.mjs";
import { World } from "./harness/world.mjs";

const NOTE = { kind: "json", value: { text: "kept" } };

/** Answers `from` with a redirect, whatever the API answers. `CORS`: as the API answers each request. */
function redirect(world, from, status, to) {
    world.api.tamper = (response, { method, path }) => {
        if (method !== "OPTIONS" && path === from) {
            response.status = status;
            response.headers = [...response.headers.filter(([name]) => /^(access-control-|vary)/i.test(name)), ["Location", to]];
            response.body = Buffer.alloc(0);
        }
    };
}

/** The warnings of the page from now on; `next` resolves with the first one, whenever it comes. */
function warnings(world) {
    const found = [];
    world.page.on("console", message => message.type() === "warning" && found.push(message.text()));
    const isWarning = message => message.type() === "warning";
    found.next = world.page.waitForEvent("console", { predicate: isWarning, timeout: 10_000 }).then(message => message.text());
    // Awaited only where a warning is expected.
    found.next.catch(() => {});
    return found;
}

const sent = (world, since) => world.api.list({ since }).map(({ method, target }) => `${method} ${target}`);

async function start(t) {
    const world = await World.create(t, { expectedErrors: [/status of 401/] });
    await world.start();
    return { world, warned: warnings(world), ...(await world.tokens()) };
}

test("s4_what is sent again after a redirect passes no iterator that a script has changed", async t => {
    const { world, accessToken } = await start(t);
    redirect(world, "/api/old", 302, "/api/me");
    await world.page.evaluate(() => {
        window.seen = [];
        for (const iterator of [new Headers().entries(), [][Symbol.iterator]()]) {
            const prototype = Object.getPrototypeOf(iterator);
            const { next } = prototype;
            prototype.next = function () {
                const result = Reflect.apply(next, this, []);
                window.seen.push(String(result.value));
                return result;
            };
        }
    });
    const result = await world.call({ url: `${world.api.origin}/api/old`, transport: "request" });
    assert.equal(result.status, 200, result.text);
    // As a text: Firefox iterates an array that it returns to the test in the page, which would lengthen this one for ever.
    const seen = await world.page.evaluate("window.seen.join()");
    assert.ok(!/dpop/i.test(seen), seen);
    await assertBoundCall(world.api.list().at(-1), accessToken);
});

for (const transport of ["fetch", "request", "xhr"]) {
    test(`a redirect by a slash at the end is followed with the same method and body (${transport})`, async t => {
        const { world, warned, accessToken } = await start(t);
        const { origin } = world.api;
        // A browser makes a GET of a POST that is answered with 301 or 302.
        for (const [status, second] of [[307, "POST"], [308, "POST"], [301, "GET"], [302, "GET"]]) {
            redirect(world, "/api/notes/", status, "/api/notes?a=1");
            const mark = world.api.mark();
            const result = await world.call({ url: `${origin}/api/notes/?a=1`, transport, method: "POST", body: NOTE });
            assert.equal(result.status, 201, `${status}: ${result.text}`);
            assert.equal(result.url, `${origin}/api/notes?a=1`);
            assert.deepEqual(sent(world, mark), ["POST /api/notes/?a=1", `${second} /api/notes?a=1`, "POST /api/notes?a=1"]);
            const last = world.api.list({ since: mark }).at(-1);
            assert.equal(last.text(), JSON.stringify(NOTE.value));
            assert.equal(last.header("Content-Type"), "application/json");
            await assertBoundCall(last, accessToken);
        }
        redirect(world, "/api/files/", 307, "/api/files");
        const files = { kind: "form", fields: {}, files: { "a.txt": "first", "b.txt": "second" } };
        const uploaded = await world.call({ url: `${origin}/api/files/`, transport, method: "POST", body: files });
        assert.deepEqual(JSON.parse(uploaded.text).files.map(({ name, size }) => [name, size]), [["a.txt", 5], ["b.txt", 6]]);
        const { id } = JSON.parse((await world.call({ url: `${origin}/api/notes`, method: "POST", body: NOTE })).text);
        redirect(world, `/api/notes/${id}/`, 307, `/api/notes/${id}`);
        const mark = world.api.mark();
        assert.equal((await world.call({ url: `${origin}/api/notes/${id}/`, transport, method: "DELETE" })).status, 204);
        assert.deepEqual(sent(world, mark), [`DELETE /api/notes/${id}/`, `DELETE /api/notes/${id}`, `DELETE /api/notes/${id}`]);
        assert.equal(warned.length, 0);
    });

    test(`a redirected GET is signed again for the URL that answers (${transport})`, async t => {
        const { world, warned, accessToken } = await start(t);
        redirect(world, "/api/old", 302, "/api/me?b=2");
        const result = await world.call({ url: `${world.api.origin}/api/old`, transport });
        assert.deepEqual([result.status, result.url], [200, `${world.api.origin}/api/me?b=2`]);
        assert.deepEqual(sent(world), ["GET /api/old", "GET /api/me?b=2", "GET /api/me?b=2"]);
        await assertBoundCall(world.api.list().at(-1), accessToken);
        assert.equal(warned.length, 0);
    });

    test(`a POST that is answered with 303 is never sent twice, and a warning names both URLs (${transport})`, async t => {
        const { world, warned } = await start(t);
        const { origin } = world.api;
        const count = async () => JSON.parse((await world.call({ url: `${origin}/api/notes` })).text).length;
        const before = await count();
        redirect(world, "/api/notes", 303, "/api/me");
        const mark = world.api.mark();
        const result = await world.call({ url: `${origin}/api/notes`, transport, method: "POST", body: NOTE });
        assert.deepEqual([result.status, result.url], [401, `${origin}/api/me`]);
        assert.deepEqual(sent(world, mark), ["POST /api/notes", "GET /api/me"]);
        await warned.next;
        assert.equal(warned.length, 1);
        assert.ok(warned[0].includes(`${origin}/api/notes was redirected to ${origin}/api/me`), warned[0]);
        assert.ok(warned[0].endsWith(`call ${origin}/api/me directly.`), warned[0]);
        world.api.tamper = undefined;
        assert.equal(await count(), before + 1, "the first call has had its effect");
    });

    test(`other redirects of calls that may have had an effect are delivered as 401, each with a warning (${transport})`, async t => {
        const { world } = await start(t);
        const { origin } = world.api;
        for (const [method, status, from, to] of [
            ["POST", 307, "/api/old", "/api/notes"],
            ["PUT", 308, "/api/old", "/api/notes/1"],
            ["DELETE", 307, "/api/old", "/api/notes/1"],
            // The query differs too, as after an effect.
            ["POST", 303, "/api/notes/", "/api/notes?created=1"]
        ]) {
            const warned = warnings(world);
            redirect(world, from, status, to);
            const mark = world.api.mark();
            const result = await world.call({ url: origin + from, transport, method, ...(method !== "DELETE" && { body: NOTE }) });
            assert.deepEqual([result.status, result.url], [401, origin + to]);
            assert.deepEqual(sent(world, mark), [`${method} ${from}`, `${status === 303 ? "GET" : method} ${to}`]);
            assert.ok((await warned.next).includes(`${origin}${from} was redirected to ${origin}${to}`), warned[0]);
            assert.equal(warned.length, 1);
        }
    });
}

test("a 401 whose headers CORS hides gets one warning, which names the three headers to expose", async t => {
    const world = await World.create(t, { expectedErrors: [/status of 401/] });
    await world.start();
    const warned = warnings(world);
    const { origin } = world.api;
    const token = (await world.tokens()).accessToken;
    // A refusal that no second proof mends, first with its reason, then without.
    const refuse = (response, { method }) => {
        if (method === "OPTIONS") {
            return;
        }
        response.status = 401;
        response.headers = [...response.headers, ["WWW-Authenticate", 'DPoP error="invalid_token"']];
    };
    world.api.tamper = refuse;
    assert.equal((await world.call({ url: `${origin}/api/me`, token })).status, 401);
    world.api.tamper = (response, exchange) => {
        refuse(response, exchange);
        withoutFields("Access-Control-Expose-Headers")(response);
    };
    for (const transport of ["fetch", "xhr", "fetch"]) {
        assert.equal((await world.call({ url: `${origin}/api/me`, transport, token })).status, 401);
    }
    const text = await warned.next;
    assert.ok(text.startsWith(`countersign: ${origin} answered with 401`), text);
    assert.match(text, /DPoP-Nonce, WWW-Authenticate and Date by the header Access-Control-Expose-Headers/);
    assert.equal(await world.call({ url: `${origin}/api/me`, token }).then(({ status }) => status), 401);
    assert.equal(warned.length, 1);
});
