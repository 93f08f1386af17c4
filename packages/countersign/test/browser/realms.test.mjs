/** Objects and functions of other realms, and requests in odd forms, with a real token: what arrives is bound, or nothing does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertBoundCall } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

/** Runs `body` in the page with the token and the API's origin, and tells what it returned or how it failed. */
const run = (world, body, token, argument) =>
    world.page.evaluate(
        async ([body, token, api, argument]) => {
            const frame = document.createElement("iframe");
            document.body.append(frame);
            try {
                return await Promise.race([
                    (0, eval)(`(${body})`)({ token, api, argument, other: frame.contentWindow }),
                    // An event that never comes is a failure, not a wait.
                    new Promise(resolve => setTimeout(resolve, 5_000, "no end"))
                ]);
            } catch (error) {
                return `${error.name}: ${error.message}`;
            }
        },
        [body.toString(), token, world.api.origin, argument]
    );

const sendings = {
    "a Request of another realm": ({ token, api, other }) =>
        fetch(new other.Request(`${api}/api/me`, { headers: { Authorization: `Bearer ${token}` } })).then(({ status }) => status),
    "a subclass of Request that hides its headers": ({ token, api }) =>
        fetch(
            new (class extends Request {
                get headers() {
                    return new Headers();
                }
            })(`${api}/api/me`, { headers: { Authorization: `Bearer ${token}` } })
        ).then(({ status }) => status),
    "headers that show the token at the second reading": ({ token, api }) => {
        let times = 0;
        const init = { get headers() { return { Authorization: `Bearer ${times++ ? token : "none"}` }; } };
        return fetch(`${api}/api/me`, init).then(({ status }) => status);
    },
    "our fetch in another window": ({ token, api, other }) => {
        other.fetch = fetch;
        return other.fetch(`${api}/api/me`, { headers: { Authorization: `Bearer ${token}` } }).then(({ status }) => status);
    },
    "a tab after the scheme": ({ token, api }) =>
        fetch(`${api}/api/me`, { headers: { Authorization: `bearer\t${token}` } }).then(({ status }) => status)
};

for (const freeze of [true, false]) {
    test(`r1_whatever reaches our hooks goes out bound, or as what it was read as (freeze: ${freeze})`, async t => {
        const world = await World.create(t, { variant: { freeze }, expectedErrors: [/status of 401/] });
        await world.start();
        const { accessToken } = await world.tokens();
        for (const [name, send] of Object.entries(sendings)) {
            const mark = world.api.mark();
            const result = await run(world, send, accessToken);
            const [call, ...others] = world.api.list({ since: mark }).filter(({ method }) => method === "GET");
            assert.equal(others.length, 0, name);
            if (name.includes("second reading")) {
                assert.deepEqual([result, call.all("Authorization"), call.all("DPoP")], [401, ["Bearer none"], []], name);
            } else {
                assert.equal(result, 200, `${name}: ${result}`);
                await assertBoundCall(call, accessToken);
            }
        }
    });

    test(`an instance of another realm is not signed for, and neither it nor an odd form of the header sends the token (freeze: ${freeze})`, async t => {
        const world = await World.create(t, { variant: { freeze }, expectedErrors: [/countersign|ERR_|Failed to load/] });
        await world.start();
        const { accessToken } = await world.tokens();
        const mark = world.api.mark();
        const events = await run(
            world,
            ({ token, api, other }) =>
                new Promise(resolve => {
                    const { open, send, setRequestHeader } = XMLHttpRequest.prototype;
                    const xhr = new other.XMLHttpRequest();
                    const seen = [];
                    let times = 0;
                    xhr.onreadystatechange = () => times++ < 3 && xhr.open("GET", `${api}/api/evil`);
                    xhr.onloadstart = xhr.onerror = xhr.onload = ({ type }) => seen.push(type);
                    xhr.onloadend = () => resolve(seen);
                    open.call(xhr, "GET", `${api}/api/me`);
                    setRequestHeader.call(xhr, "Authorization", `Bearer ${token}`);
                    send.call(xhr);
                }),
            accessToken
        );
        assert.deepEqual(events, ["loadstart", "error"]);
        for (const value of [accessToken, `Token ${accessToken}`, `Bearer ${accessToken},`, `Bearer x, Bearer ${accessToken}`]) {
            const byFetch = await run(world, ({ api, argument }) => fetch(`${api}/api/me`, { headers: { Authorization: argument } }), accessToken, value);
            assert.match(String(byFetch), /^TypeError: countersign: GET \S+ was not sent/);
            const byXhr = await run(
                world,
                ({ api, argument }) =>
                    new Promise(resolve => {
                        const xhr = new XMLHttpRequest();
                        xhr.open("GET", `${api}/api/me`);
                        xhr.setRequestHeader("Authorization", argument);
                        xhr.onloadend = () => resolve(xhr.status);
                        xhr.send();
                    }),
                accessToken,
                value
            );
            assert.equal(byXhr, 0);
        }
        // Our instance, sent by another realm's function: it was never told the token.
        await run(
            world,
            ({ token, api, other }) =>
                new Promise(resolve => {
                    const xhr = new XMLHttpRequest();
                    xhr.open("GET", `${api}/api/me`);
                    xhr.setRequestHeader("Authorization", `Bearer ${token}`);
                    xhr.onloadend = resolve;
                    other.XMLHttpRequest.prototype.send.call(xhr);
                }),
            accessToken
        );
        for (const exchange of world.api.list({ since: mark })) {
            assert.ok(![...exchange.all("Authorization"), ...exchange.all("DPoP")].some(text => text.includes(accessToken)), String(exchange));
            assert.deepEqual(exchange.all("DPoP"), []);
        }
    });
}
