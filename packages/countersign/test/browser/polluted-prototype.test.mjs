/**
 * Members of `Object.prototype` are nobody's options: no call, no record and no answer is read through it. Which names are
 * tried follows from the package's own files (`harness/polluted.mjs`).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertBoundCall, assertProof } from "./harness/proof.mjs";
import { BROKEN, CONTROL, EACH, FLOW, memberNames, POLLUTE, VALUES } from "./harness/polluted.mjs";
import { World } from "./harness/world.mjs";

const names = await memberNames();
/** Members of JSON documents. */
const ofTheServer = await memberNames(() => false);
const values = kinds => `[${kinds.map(kind => `["${kind}", ${VALUES[kind]}]`)}]`;
let broken;

/** By kind of value: the names that a page of this origin without this package does not survive. */
async function findBroken(t) {
    const world = await World.create(t, { expectedErrors: [/status of 400/] });
    await world.page.goto(`${world.app.origin}/config.json`);
    broken ??= await world.page.evaluate(`(${BROKEN})(${JSON.stringify(names)}, ${values(Object.keys(VALUES))}, "/config.json")`);
    return broken;
}

/** What went over the wire, but for values that are new each time. */
const traffic = world =>
    [...world.issuer.list(), ...world.api.list()].map(exchange => {
        const scheme = exchange.header("authorization")?.split(" ")[0];
        const proof = exchange.header("dpop") && "proof";
        const query = Object.keys(exchange.query()).sort().join();
        const form = exchange.method === "POST" ? Object.keys(exchange.form()).sort().join() : "";
        return [exchange.method, exchange.path, query, form, scheme, proof, exchange.response?.status].join(" ");
    });

/** A whole life of a session with these names polluted: what the page said, and what went over the wire. */
async function live(t, { polluted, kind = "text", variant }) {
    const world = await World.create(t, { variant });
    const said = [];
    const secret = "flow: ";
    const ended = new Promise(resolve => {
        world.page.on("console", message => {
            const text = message.text();
            if (text.startsWith(secret)) {
                said.push(text.slice(secret.length).replaceAll(world.app.origin, "app"));
                /^(end|failed)/.test(said.at(-1)) && resolve();
            }
        });
    });
    const parameters = [polluted, "VALUE", `${world.api.origin}/api/me`, world.app.origin, secret].map(one => JSON.stringify(one)).join(", ");
    await world.context.addInitScript(`(${FLOW})(${parameters.replace('"VALUE"', VALUES[kind])})`);
    await world.page.goto(world.app.origin, { waitUntil: "commit" });
    await Promise.race([ended, world.chooseUser().then(() => ended)]);
    return { said, wire: traffic(world) };
}

const sound = {};
/** The same without a polluted name. */
async function liveSound(t, variant) {
    return (sound[JSON.stringify(variant)] ??= await live(t, { polluted: [], variant }));
}

for (const [kind, variant] of [
    ["text", { mode: "enforced", freeze: true }],
    ["text", { setup: "manual" }],
    ["flag", { mode: "auto" }],
    ["function", { mode: "auto" }],
    ["object", { mode: "auto", freeze: true }]
]) {
    test(`with every name on Object.prototype, each a ${kind}, a session lives as without (${JSON.stringify(variant)})`, async t => {
        const expected = await liveSound(t, variant);
        assert.equal(expected.said.at(-1), "end", JSON.stringify(expected.said));
        const { [kind]: ill } = await findBroken(t);
        assert.deepEqual(await live(t, { polluted: names.filter(name => !ill.includes(name)), kind, variant }), expected);
    });
}

const GROUPS = 6;
for (let group = 0; group < GROUPS; group++) {
    test(`with a share of the names on Object.prototype a session lives as without (${group + 1} of ${GROUPS})`, async t => {
        const variant = { mode: "auto" };
        const expected = await liveSound(t, variant);
        const { text: ill } = await findBroken(t);
        const polluted = names.filter((name, index) => index % GROUPS === group && !ill.includes(name));
        assert.deepEqual(await live(t, { polluted, variant }), expected);
    });
}

test("with any one name on Object.prototype calls, renewals, new clients and what begins a login behave as without", async t => {
    const world = await World.create(t, { variant: { mode: "enforced" } });
    await world.start();
    const { text: ill } = await findBroken(t);
    const sound = names.filter(name => !ill.includes(name));
    // What may be given to a function of ours, and what we keep meanwhile.
    const options = await memberNames(name => /^(params|types|leave|state|entrypoint|DPoP|browser-runtime-freeze)\.d\.ts$/.test(name));
    const whole = options.filter(name => sound.includes(name) && !ofTheServer.includes(name));
    assert.ok(whole.includes("transformUrlBeforeRedirect") && whole.includes("isSilent"));
    const tried = `[[${VALUES.text}, false, ${JSON.stringify(sound)}], [${VALUES.text}, true, ${JSON.stringify(whole)}]]`;
    assert.deepEqual(await world.page.evaluate(`(${EACH})(${tried}, "${world.api.origin}/api/me")`), []);
});

/** Before the app's own scripts, as a link does it with a careless parser of the query; or what no loop finds. */
const assign = (world, members, enumerable) =>
    world.context.addInitScript(
        ([origin, members, enumerable]) => {
            for (const [name, value] of location.origin === origin ? Object.entries(members) : []) {
                Object.defineProperty(Object.prototype, name, { value, writable: true, configurable: true, enumerable });
            }
        },
        [world.app.origin, members, enumerable]
    );

for (const enumerable of [true, false]) {
    const way = enumerable ? "assigned" : "not enumerable";

    test(`a polluted disableDPoP gives no Bearer login under enforced (${way})`, async t => {
        for (const disableDPoP of ["true", true]) {
            const world = await World.create(t, { variant: { mode: "enforced", freeze: true } });
            await assign(world, { disableDPoP }, enumerable);
            assert.equal((await world.start()).main.isUserLoggedIn, true);
            for (const request of world.tokenRequests()) {
                assert.equal(request.response.json().token_type, "DPoP");
                await assertProof(request);
            }
            assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
            await assertBoundCall(world.api.list().at(-1), (await world.tokens()).accessToken);
        }
    });

    test(`a polluted __metadata sends code and verifier nowhere else (${way})`, async t => {
        const world = await World.create(t, { apis: 2 });
        const { origin } = world.apis[1];
        const __metadata = { token_endpoint: `${origin}/token`, end_session_endpoint: `${origin}/logout` };
        for (const more of [{}, { authorization_endpoint: `${world.issuer.origin}/authorize` }]) {
            const endpoints = { ...__metadata, ...more };
            await assign(world, { __metadata: endpoints, ...endpoints }, enumerable);
            assert.equal((await world.start()).main.isUserLoggedIn, true);
            await world.renew();
            await world.logOut();
        }
        assert.deepEqual(world.apis[1].list(), []);
        assert.equal(world.tokenRequests().length, 4);
    });

    test(`a polluted extraQueryParams replaces nothing that binds the login (${way})`, async t => {
        const world = await World.create(t);
        const evil = { dpop_jkt: "evil", code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", state: "cs.evil" };
        await assign(world, { extraQueryParams: evil, extraTokenParams: { code_verifier: "evil" }, ...evil }, enumerable);
        assert.equal((await world.start()).main.isUserLoggedIn, true);
        for (const request of world.authorizationRequests()) {
            const query = request.query();
            for (const [name, value] of Object.entries(evil)) {
                assert.notEqual(query[name], value);
            }
        }
        const [redemption] = world.tokenRequests();
        const { jkt } = await assertProof(redemption);
        assert.equal(world.authorizationRequests().at(-1).query().dpop_jkt, jkt);
    });
}

test("a polluted index neither lengthens a list of the server's nor hides it, so auto stays with DPoP", async t => {
    const world = await World.create(t, { variant: { mode: "auto" } });
    const { length } = world.metadata.dpop_signing_alg_values_supported;
    // Of a text, which the engine reads as a list of one, and of the list.
    await assign(world, { 1: "polluted", [length]: "polluted" }, true);
    assert.equal((await world.start()).main.isUserLoggedIn, true);
    assert.equal(world.tokenRequests()[0].response.json().token_type, "DPoP");
});

test("what options inherit is not given", async t => {
    const world = await World.create(t, { variant: { mode: "enforced" }, clients: ["main", "other"] });
    await world.open();
    const { outcome, url } = await world.page.evaluate(async () => {
        const { clients } = await (await fetch("/config.json")).json();
        let url;
        const inherited = { disableDPoP: true, extraQueryParams: { a: "b" }, __metadata: { token_endpoint: "http://localhost:1/" } };
        const oidc = await window.harness.createOidc(Object.assign(Object.create(inherited), clients.main, { clientId: "other" }));
        const params = Object.create({ redirectUrl: "https://elsewhere.example/", extraQueryParams: { c: "d" } });
        params.extraQueryParams = Object.create({ e: "f" }, { g: { value: "h", enumerable: true } });
        params.transformUrlBeforeRedirect = its => {
            url = its;
            throw new Error("stop");
        };
        return { outcome: await oidc.login(params).catch(error => error.cause.message), url };
    });
    assert.equal(outcome, "stop");
    const query = new URL(url).searchParams;
    assert.deepEqual(
        ["a", "c", "e", "g"].map(name => query.get(name)),
        [null, null, null, "h"]
    );
    assert.equal(query.get("dpop_jkt")?.length, 43);
});

test("a name that no page survives does the same to a page with this package as to one without", async t => {
    const world = await World.create(t, { expectedErrors: [/status of 400/, /status of 401/] });
    await world.start();
    const bare = await world.context.newPage();
    await bare.goto(`${world.app.origin}/config.json`);
    const api = `${world.api.origin}/api/me`;
    const { accessToken } = await world.tokens();
    const { text: ill } = await findBroken(t);
    assert.ok(ill.includes("signal") && ill.includes("get"), "the control finds what it is for");
    for (const name of ill) {
        const outcomes = (page, authorization) =>
            page.evaluate(`(async () => {
                const restore = (${POLLUTE})(["${name}"], ${VALUES.text});
                const stuck = new Promise(resolve => setTimeout(resolve, 2_000, "stuck"));
                const outcomes = await Promise.race([stuck, (${CONTROL})("${api}", "${authorization}")]);
                restore();
                return outcomes;
            })()`);
        const [control, ours] = [await outcomes(bare, "Bearer x"), await outcomes(world.page, `Bearer ${accessToken}`)];
        // What the API says of no token, and of the user's.
        assert.equal(ours, control.replaceAll("401", "200"), name);
    }
});
