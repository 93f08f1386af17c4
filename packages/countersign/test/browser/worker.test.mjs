/** A dedicated worker that the app has connected: what its calls look like, and what its script may ask for. */
import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";
import { build } from "vite";
import { AppServer } from "./harness/app-server.mjs";
import { buildApp } from "./harness/build-app.mjs";
import { browserName } from "./harness/drivers/index.mjs";
import { apps, repository } from "./harness/paths.mjs";
import { assertBoundCall, decodeProof } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

const directoryOf = freeze => path.join(repository, "target/browser-apps", `worker-${freeze ? "freeze-" : ""}${process.pid}`);
for (const freeze of [false, true]) {
    const directory = directoryOf(freeze);
    process.on("exit", () => void rm(directory, { recursive: true, force: true }));
    before(async () => {
        await cp(await buildApp({ freeze }), directory, { recursive: true });
        await build({
            root: path.join(apps, "worker"),
            configFile: false,
            logLevel: "error",
            build: {
                outDir: directory,
                emptyOutDir: false,
                rollupOptions: { input: path.join(apps, "worker/worker.ts"), output: { entryFileNames: "worker.js" } }
            }
        });
    });
}

async function start(t, options = {}) {
    const world = await World.create(t, { app: await AppServer.start(directoryOf(options.freeze)), expectedErrors: [/status of 401/], ...options });
    options.script && (await world.context.addInitScript(options.script));
    await world.start();
    await world.page.evaluate(origins => {
        window.worker = new Worker("/worker.js", { type: "module" });
        const waiting = new Map();
        worker.onmessage = ({ data }) => waiting.get(data.id)?.(data);
        worker.onerror = ({ message }) => console.error(message);
        let lastId = 0;
        window.inWorker = call =>
            new Promise(resolve => {
                waiting.set(++lastId, resolve);
                worker.postMessage({ id: lastId, call });
            });
        return harness.loggedIn().connectWorker(worker, { origins });
    }, options.origins ?? [world.api.origin]);
    return world;
}

/** In Firefox, an XHR of a worker carries no bound token. */
const XHR = browserName === "firefox" ? [] : ["xhr"];

const inWorker = (world, call) => world.page.evaluate(call => window.inWorker(call), call);

for (const [isNonceRequired, freeze] of [[false, false], [true, false], [true, true]]) {
    test(`r1_p8_a worker's calls go out as DPoP by every way to send (nonces: ${isNonceRequired}, freeze: ${freeze})`, async t => {
        const world = await start(t, { freeze, api: isNonceRequired ? ["--nonces"] : [] });
        const { accessToken: token } = await world.tokens();
        const url = `${world.api.origin}/api/notes`;
        let nonce;
        for (const transport of ["fetch", "member", "request", ...XHR]) {
            const mark = world.api.mark();
            const body = { kind: "json", value: { text: transport } };
            const { result, error } = await inWorker(world, { url, transport, method: "POST", body, token });
            assert.equal(result?.status, 201, JSON.stringify(error));
            assert.equal(JSON.parse(result.text).text, transport);
            for (const call of world.api.list({ since: mark })) {
                await assertBoundCall(call, token, { nonce });
                nonce = call.response.header("DPoP-Nonce") ?? nonce;
            }
        }
        assert.equal(world.api.list().length, 3 + XHR.length + (isNonceRequired ? 1 : 0), "a challenge is answered once");
        await world.renew();
        const { accessToken: renewed } = await world.tokens();
        assert.notEqual(renewed, token);
        for (const transport of ["fetch", ...XHR]) {
            const { result } = await inWorker(world, { url, transport, token: renewed });
            assert.equal(result.status, 200);
            await assertBoundCall(world.api.list().at(-1), renewed, { nonce });
        }
        const old = await inWorker(world, { url, token });
        assert.equal(old.result.status, 200, "a replaced token is still the client's");
    });
}

test("in Firefox, an XHR of a worker with a bound token is refused with a sentence, and nothing is sent", async t => {
    if (browserName !== "firefox") {
        t.skip("other browsers send it");
        return;
    }
    const world = await start(t);
    const { accessToken: token } = await world.tokens();
    const { error } = await inWorker(world, { url: `${world.api.origin}/api/me`, transport: "xhr", token });
    assert.deepEqual(error, { name: "NotSupportedError", message: "countersign: in Firefox, an XMLHttpRequest of a worker cannot carry a DPoP-bound token. Call fetch." });
    assert.deepEqual(world.api.list(), []);
});

test("a call that carries none of our tokens goes out as the worker wrote it, and the app sees only its own messages", async t => {
    const world = await start(t);
    for (const transport of ["fetch", "xhr"]) {
        const { result, messages } = await inWorker(world, { url: `${world.api.origin}/api/me`, transport, token: "another.one" });
        assert.deepEqual([result.status, messages], [401, transport === "fetch" ? 1 : 2]);
        const call = world.api.list().at(-1);
        assert.deepEqual([call.all("Authorization"), call.all("DPoP")], [["Bearer another.one"], []]);
    }
});

test("an XHR of a worker may have header fields that are no texts", async t => {
    const world = await start(t);
    const url = new URL("/config.json", world.page.url()).href;
    for (const field of [[5, "a"], ["Authorization", 6], [null, undefined]]) {
        const { result, error } = await inWorker(world, { url, transport: "xhr", token: "another.one", field });
        assert.equal(result?.status, 200, JSON.stringify(error));
    }
});

test("s4_a worker gets no proof for an origin that the app did not name, and the token is not sent there", async t => {
    const world = await start(t, { apis: 2, expectedErrors: [/is not among the origins of connectWorker/] });
    const { accessToken: token } = await world.tokens();
    for (const transport of ["fetch", ...XHR]) {
        const { error } = await inWorker(world, { url: `${world.apis[1].origin}/api/me`, transport, token });
        assert.equal(error.name, "TypeError");
    }
    assert.deepEqual(world.apis[1].list(), []);
    const { error } = await inWorker(world, { url: `${world.apis[1].origin}/api/me`, token });
    assert.match(error.message, /not among the origins of connectWorker\(\)/);
});

test("r1_p8_a renewed token goes out of the worker as DPoP although the app's listener came before connectWorker", async t => {
    const world = await start(t);
    const url = `${world.api.origin}/api/me`;
    const done = world.page.evaluate(
        async ([url, origins]) => {
            window.worker = new Worker("/worker.js", { type: "module" });
            const answer = new Promise(resolve => (worker.onmessage = ({ data }) => resolve(data)));
            harness.loggedIn().subscribeToTokensChange(({ accessToken: token }) => worker.postMessage({ id: 1, call: { url, transport: "fetch", token } }));
            await harness.loggedIn().connectWorker(worker, { origins });
            await harness.loggedIn().renewTokens();
            return await answer;
        },
        [url, [world.api.origin]]
    );
    const { result, messages } = await done;
    assert.deepEqual([result.status, messages], [200, 1], "the worker's own handlers see the app's message only");
    const { accessToken: renewed } = await world.tokens();
    await assertBoundCall(world.api.list().at(-1), renewed, {});
});

test("a worker that is connected again has the origins of the second call only, and one connection", async t => {
    const world = await start(t, { apis: 2, expectedErrors: [/status of 401/, /is not among the origins of connectWorker/] });
    const [{ origin: first }, { origin: second }] = world.apis;
    const { accessToken: token } = await world.tokens();
    assert.equal((await inWorker(world, { url: `${first}/api/me`, transport: "fetch", token })).result.status, 200);
    await world.page.evaluate(origins => harness.loggedIn().connectWorker(worker, { origins }), [second]);
    const mark = world.apis[0].mark();
    const { error } = await inWorker(world, { url: `${first}/api/me`, transport: "fetch", token });
    assert.match(error.message, /not among the origins of connectWorker\(\)/);
    assert.deepEqual(world.apis[0].list({ since: mark }), []);
    // That API is for another client's tokens, so it answers 401.
    await inWorker(world, { url: `${second}/api/me`, transport: "fetch", token });
    await assertBoundCall(world.apis[1].list().at(-1), token, {});
    const ports = await world.page.evaluate(async origins => {
        const script = "let ports = 0; onmessage = ({ data, ports: { length } }) => { ports += length; data === 0 && postMessage(ports); };";
        const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
        await harness.loggedIn().connectWorker(worker, { origins });
        await harness.loggedIn().connectWorker(worker, { origins });
        worker.postMessage(0);
        return new Promise(resolve => (worker.onmessage = ({ data }) => resolve(data)));
    }, [second]);
    assert.equal(ports, 1);
});

test("s4_origins that are taken from a worker are gone at once, though the app does not wait, and its question came before", async t => {
    const world = await start(t, { apis: 2, expectedErrors: [/is not among the origins of connectWorker/] });
    const [{ origin: first }, { origin: second }] = world.apis;
    const { accessToken: token } = await world.tokens();
    assert.equal((await inWorker(world, { url: `${first}/api/me`, transport: "fetch", token })).result.status, 200);
    const mark = world.apis[0].mark();
    const { error } = await world.page.evaluate(([url, token, origins]) => {
        const answer = window.inWorker({ url, transport: "fetch", token });
        // The worker asks meanwhile, and its question waits until this turn is over.
        for (const end = performance.now() + 500; performance.now() < end; );
        void harness.loggedIn().connectWorker(worker, { origins });
        return answer;
    }, [`${first}/api/me`, token, [second]]);
    assert.match(error?.message ?? "", /not among the origins of connectWorker\(\)/);
    assert.deepEqual(world.apis[0].list({ since: mark }), []);
});

test("a client without DPoP may connect a worker, whose calls carry its token as they are written", async t => {
    const world = await start(t, { clients: ["main", "plain"], apis: 2, params: { plain: { disableDPoP: true } } });
    await world.page.evaluate(origins => harness.loggedIn("plain").connectWorker(worker, { origins }), [world.apis[1].origin]);
    const { accessToken: token } = await world.tokens("plain");
    const { result } = await inWorker(world, { url: `${world.apis[1].origin}/api/me`, transport: "fetch", token });
    assert.ok(result, "it is sent");
    const call = world.apis[1].list().at(-1);
    assert.deepEqual([call.all("Authorization"), call.all("DPoP")], [[`Bearer ${token}`], []]);
});

test("s4_a script that patches the page before connectWorker neither sees the port nor adds an origin", async t => {
    const world = await start(t, { apis: 2, expectedErrors: [/is not among the origins of connectWorker/] });
    const [{ origin: first }, { origin: second }] = world.apis;
    const { accessToken: token } = await world.tokens();
    await world.page.evaluate(async origins => {
        window.seen = [];
        const watch = (owner, name, kind) => {
            const descriptor = Object.getOwnPropertyDescriptor(owner, name);
            const native = descriptor[kind];
            descriptor[kind] = function (...given) {
                window.isWatching && seen.push(name);
                return Reflect.apply(native, this, given);
            };
            Object.defineProperty(owner, name, descriptor);
        };
        const { postMessage } = Worker.prototype;
        watch(MessagePort.prototype, "postMessage", "value");
        watch(MessagePort.prototype, "onmessage", "set");
        watch(MessagePort.prototype, "start", "value");
        watch(EventTarget.prototype, "addEventListener", "value");
        watch(MessageEvent.prototype, "data", "get");
        watch(Worker.prototype, "postMessage", "value");
        watch(MessageChannel.prototype, "port1", "get");
        watch(MessageChannel.prototype, "port2", "get");
        watch(RegExp.prototype, "test", "value");
        watch(Array.prototype, "every", "value");
        window.MessageChannel = class {
            constructor() {
                seen.push("MessageChannel");
            }
        };
        Set.prototype.has = () => true;
        window.isWatching = true;
        const worker = new Worker("/worker.js", { type: "module" });
        await harness.loggedIn().connectWorker(worker, { origins });
        window.isWatching = false;
        let lastId = 0;
        window.inPatched = call =>
            new Promise(resolve => {
                const id = ++lastId;
                worker.onmessage = ({ data }) => data.id === id && resolve(data);
                Reflect.apply(postMessage, worker, [{ id, call }]);
            });
    }, [first]);
    const call = url => world.page.evaluate(call => ((window.isWatching = false), window.inPatched(call)), { url, transport: "fetch", token });
    assert.equal((await call(`${first}/api/me`)).result.status, 200);
    await assertBoundCall(world.api.list().at(-1), token, {});
    assert.match((await call(`${second}/api/me`)).error.message, /not among the origins of connectWorker\(\)/);
    assert.deepEqual(world.apis[1].list(), []);
    assert.deepEqual(await world.page.evaluate(() => seen), []);
});

/** A worker whose script asks through the port what it likes. */
const ask = (world, origins, questions) =>
    world.page.evaluate(
        async ([origins, questions]) => {
            const script = `onmessage = ({ data, ports: [port] }) => {
                if (port) {
                    self.port = port;
                    port.onmessage = ({ data }) => postMessage(data);
                    postMessage(["hello", Object.values(data), Object.keys(data)]);
                } else {
                    self.port.postMessage(data);
                }
            };`;
            const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
            const next = () => new Promise(resolve => (worker.onmessage = ({ data }) => resolve(data)));
            const hello = next();
            await harness.loggedIn().connectWorker(worker, { origins });
            const answers = [await hello];
            let last;
            for (const question of questions) {
                const answer = next();
                worker.postMessage(question.map(one => (one === "the last attempt" ? last : one)));
                answers.push(await answer);
                last = answers.at(-1)[2] ?? last;
            }
            return answers;
        },
        [origins, questions]
    );

test("s4_an event that a script makes up is no question, even on the port itself", async t => {
    // Only a script before early init can get the port.
    const script = () => {
        const { get, ...rest } = Object.getOwnPropertyDescriptor(MessageChannel.prototype, "port1");
        Object.defineProperty(MessageChannel.prototype, "port1", { ...rest, get() { return (window.caught = Reflect.apply(get, this, [])); } });
        const { postMessage } = MessagePort.prototype;
        window.posted = [];
        MessagePort.prototype.postMessage = function (...given) {
            this === window.caught && posted.push(given[0]);
            return Reflect.apply(postMessage, this, given);
        };
    };
    const world = await start(t, { script });
    const { accessToken: token } = await world.tokens();
    const url = `${world.api.origin}/api/me`;
    await inWorker(world, { url, transport: "fetch", token });
    const answers = await world.page.evaluate(
        async ([origin, token]) => {
            const before = posted.length;
            caught.dispatchEvent(new MessageEvent("message", { data: [99, "authorize", "GET", origin, "/api/me", token] }));
            await new Promise(resolve => setTimeout(resolve, 300));
            return [before > 0, posted.slice(before)];
        },
        [world.api.origin, token]
    );
    assert.deepEqual(answers, [true, []]);
});

test("s4_the engine signs for a worker only for the app's origins and this client's tokens, whatever its script asks", async t => {
    const world = await start(t, { clients: ["main", "other"], apis: 2 });
    const [{ origin }, { origin: second }] = world.apis;
    const { accessToken: token } = await world.tokens();
    const { accessToken: other } = await world.tokens("other");
    const questions = [
        [1, "authorize", "GET", origin, "/api/me", token],
        [2, "authorize", "GET", second, "/api/me", token],
        [3, "authorize", "GET", origin, ".thief.example/api/me", token],
        [4, "authorize", "GET", `${origin}@thief.example`, "/", token],
        [5, "authorize", "GET", "data:", "x", token],
        [6, "authorize", "GET", origin, "/api/me", other],
        [7, "authorize", "GET", origin, "/api/me", "unknown"],
        [8, "authorize", 1, origin, "/api/me", token],
        [9, "authorize", "GET", { toString: 1 }, "/api/me", token],
        [10, "observe", 12345, { status: 401, dpopNonce: "planted", wwwAuthenticate: null, date: null }, true, null],
        [11, "tokens"],
        [12]
    ];
    const [hello, first, ...others] = await ask(world, [origin], questions);
    const [, [[client]]] = hello;
    assert.equal(typeof client, "number");
    assert.deepEqual(hello, ["hello", [[client, token]], ["countersign/worker"]], "it is given the access token, and no more");
    const { claims } = await decodeProof(first[1]);
    assert.deepEqual([claims.htm, claims.htu], ["GET", `${origin}/api/me`]);
    assert.deepEqual(others.map(([id]) => id), questions.slice(1).map(([id]) => id));
    for (const [id, proof, attempt] of others) {
        assert.deepEqual([proof, attempt], [undefined, undefined], `question ${id}`);
    }
    assert.deepEqual(others.filter(([, , , error]) => error === undefined).map(([id]) => id), [10, 11, 12]);
});

test("s4_a redirect that a worker's script reports leads to no other origin, however it is written", async t => {
    const world = await start(t);
    const [{ origin }] = world.apis;
    const { accessToken: token } = await world.tokens();
    const challenge = { status: 401, dpopNonce: "n1", wwwAuthenticate: 'DPoP error="use_dpop_nonce"', date: null };
    const ends = [
        { origin, path: "0/api/me", isSlash: true },
        { origin, path: ".thief.example/api/me", isSlash: true },
        { origin, path: "@thief.example/api/me", isSlash: true },
        { origin: "https://thief.example", path: "/api/me", isSlash: true }
    ];
    const questions = ends.flatMap((end, i) => [
        [2 * i + 1, "authorize", "GET", origin, "/api/me", token],
        [2 * i + 2, "observe", "the last attempt", challenge, true, end]
    ]);
    const [, ...answers] = await ask(world, [origin], [...questions, [9, "authorize", "GET", origin, "/api/me", token], [10, "observe", "the last attempt", challenge, true, { origin, path: "/api/me/", isSlash: true }]]);
    for (const [i, end] of ends.entries()) {
        assert.equal(answers[2 * i + 1][1], undefined, end.origin + end.path);
    }
    assert.equal((await decodeProof(answers[9][1])).claims.htu, `${origin}/api/me/`);
});

test("s4_no proof for an origin that was taken from a worker, by an attempt that is still open", async t => {
    const world = await start(t, { apis: 2 });
    const [{ origin: first }, { origin: second }] = world.apis;
    const { accessToken: token } = await world.tokens();
    const { open, refused, repeated } = await world.page.evaluate(
        async ([first, second, token]) => {
            const script = `onmessage = ({ data, ports: [port] }) => {
                if (port) { self.port = port; port.onmessage = ({ data }) => postMessage(data); postMessage("hello"); }
                else if (Array.isArray(data)) { self.port.postMessage(data); }
            };`;
            const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
            const next = () => new Promise(resolve => (worker.onmessage = ({ data }) => resolve(data)));
            const hello = next();
            await harness.loggedIn().connectWorker(worker, { origins: [first] });
            await hello;
            const ask = question => {
                const answer = next();
                worker.postMessage(question);
                return answer;
            };
            const challenged = { status: 401, dpopNonce: "n", wwwAuthenticate: 'DPoP error="use_dpop_nonce"', date: null };
            const open = [];
            for (let id = 1; id <= 3; id++) {
                open.push(await ask([id, "authorize", "DELETE", first, "/api/notes", token]));
            }
            const [attempt, ...others] = open.map(answer => answer[2]);
            const before = await ask([4, "observe", attempt, challenged, true, null]);
            await harness.loggedIn().connectWorker(worker, { origins: [second] });
            const refused = await ask([5, "authorize", "DELETE", first, "/api/notes", token]);
            const repeated = [];
            for (const other of [before[2], ...others]) {
                repeated.push(await ask([6, "observe", other, challenged, true, null]));
            }
            return { open: [...open, before], refused, repeated };
        },
        [first, second, token]
    );
    for (const [, proof] of open) {
        assert.equal((await decodeProof(proof)).claims.htu, `${first}/api/notes`);
    }
    assert.match(refused[3], /is not among the origins of connectWorker/);
    assert.deepEqual(
        repeated.map(([id, proof, attempt]) => [id, proof, attempt]),
        [1, 2, 3].map(() => [6, undefined, undefined])
    );
});

test("connectWorker takes a dedicated worker and a list of origins, and says so", async t => {
    const world = await start(t);
    const refused = await world.page.evaluate(async () => {
        const worker = new Worker("/worker.js", { type: "module" });
        const shared = new SharedWorker("/worker.js", { type: "module", name: "shared" });
        const origins = ["https://api.example.com"];
        const found = [];
        for (const [given, how] of [
            [shared, { origins }],
            [{ postMessage() {} }, { origins }],
            [worker, undefined],
            [worker, { origins: [] }],
            [worker, { origins: "https://api.example.com" }],
            [worker, { origins: ["*"] }],
            [worker, { origins: ["https://api.example.com/"] }],
            [worker, { origins: ["null"] }],
            [worker, { origins, tokens: true }]
        ]) {
            found.push(await harness.loggedIn().connectWorker(given, how).then(() => "taken", ({ name, message }) => `${name}: ${message}`));
        }
        return found;
    });
    for (const text of refused) {
        assert.match(text, /^TypeError: countersign: .+\.$/);
    }
});
