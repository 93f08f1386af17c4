/**
 * The scenarios of every version of Spring Security's resource server, with tokens of our
 * development server.
 */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { ORIGIN, cases } from "../../lib/hostile/cases.mjs";
import { accessToken } from "../../lib/hostile/login.mjs";
import { replay } from "../../lib/hostile/replay.mjs";
import * as ofNative from "../../lib/native.mjs";
import { definePeer } from "../../lib/peer.mjs";
import { boundScenarios, checkCall, spa } from "../../lib/spa.mjs";
import { DIFFERENCES } from "./differences.mjs";
import { REFUSED_PATH, checkLimit, checkOutOfTheBox, checkProxies } from "./scenarios.mjs";
import { checkReadable, checkStolen, checkTyp } from "./scenarios.mjs";
import { READY, startSpring } from "./server.mjs";

const REDIRECT_URI = "http://127.0.0.1/";
/** Paths that a person writes shorter than the browser encodes them in a URL. */
const PATHS = ["a b", "ü", "a~b", "n'z", "(x)", "a+b", "a:b@c", "a%7Eb", "%C3%BC"];

/**
 * @param {object} options
 * @param {string} options.name
 * @param {"spring" | "spring-4.0"} options.jar
 * @param {string} options.version its name in package.json
 * @param {boolean} options.doesDpopByItself 7.1 has to be asked
 */
export function springPeer({ name, jar, version, doesDpopByItself }) {
    const isNewest = jar === "spring";
    return definePeer({
        name,
        title: versions => `Spring Boot ${versions[version]}, OAuth 2 resource server`,
        needs: [jar],
        ours: ["single-page app", "native client", "resource server", "development server"],
        async start(run) {
            const app = await run.app({ variant: { mode: "enforced" } });
            const [wire, apiWire] = [await run.wire(), await run.wire()];
            const issuer = wire.origin;
            const config = await nativeClientConfig(run, [apiWire.origin, ORIGIN]);
            const idp = await run.idp([
                ...["--config", config],
                ...["--issuer", issuer, "--client", `spa=${app.origin}/`, "--audience", `spa=${apiWire.origin}`]
            ]);
            wire.upstream = idp.port;
            const startJar = (flags, { issuer: of = issuer } = {}) =>
                startSpring(run, { jar, issuer: of, audiences: [apiWire.origin, ORIGIN], origins: [app.origin], flags });
            const [spring, ours] = await Promise.all([
                startJar(READY),
                run.api(["--issuer", issuer, "--audience", ORIGIN, "--public-url", ORIGIN])
            ]);
            apiWire.upstream = spring.port;
            const api = { origin: apiWire.origin, wire: apiWire };
            const logInAt = (issuer, key) => accessToken({ issuer, clientId: "cli", redirectUri: REDIRECT_URI, key });
            const logIn = key => logInAt(issuer, key);
            const all = await cases(logIn);
            const names = new Set(Object.values(all).flatMap(list => list.map(({ name }) => name)));
            assert.deepEqual(Object.keys(DIFFERENCES).filter(name => !names.has(name)), [], "differences of no case");
            return {
                ...{ run, logIn, logInAt, config, startJar, doesDpopByItself },
                spa: await spa(run, {
                    ...{ app, wire, issuer, clientId: "spa", api },
                    logInAt: page => page.getByRole("button", { name: /alice/i }).click(),
                    expectedErrors: [new RegExp(`status of 401 .*${REFUSED_PATH}`)]
                }),
                native: await ofNative.nativeClient(run, {
                    ...{ wire, issuer, clientId: "cli", api },
                    logInAt: ofNative.byForms(page => page.submit({ user: "alice" }))
                }),
                ports: { ours: ours.port, theirs: spring.port },
                cases: all
            };
        },
        scenarios: {
            ...boundScenarios(fixture => fixture.spa),
            "SPA: paths as the browser writes them": async ({ spa }) => {
                await spa.logIn();
                for (const id of PATHS) {
                    await checkCall(spa, { url: `${spa.api.origin}/api/notes/${id}` }, 200);
                }
            },
            "SPA: the page can read a refusal": ({ spa }) => checkReadable(spa),
            "SPA: what was on the wire opens nothing": ({ spa }) => checkStolen(spa),
            ...callsOfNative(fixture => fixture.native),
            "R1-R6, the same requests to our API: credentials": ({ ports, cases }, note) =>
                replay(ports, cases.credentials, DIFFERENCES, note),
            "V1-V7, the same: the proof as a JWT": ({ ports, cases }, note) =>
                replay(ports, cases.form, DIFFERENCES, note),
            "V8-V10, the same: method and URL": ({ ports, cases }, note) =>
                replay(ports, cases.target, DIFFERENCES, note),
            "V11-V15, the same: time, token, key and replay": ({ ports, cases }, note) =>
                replay(ports, cases.use, DIFFERENCES, note),
            "out of the box": checkOutOfTheBox,
            "out of the box, with access tokens of the type JWT": checkTyp,
            ...(isNewest ? { "V15 many requests of one key": checkLimit, "behind a reverse proxy": checkProxies } : {})
        }
    });
}

/** Returns the calls of the native client without nonces, which Spring Security does not have. */
export function callsOfNative(of) {
    return {
        "native: login on a loopback redirect ends with a bound token": (fixture, note) =>
            ofNative.checkLogIn(of(fixture), note),
        "native: GET and POST carry proofs": fixture => ofNative.checkCalls(of(fixture)),
        "native: a refresh keeps the key": (fixture, note) => ofNative.checkRefresh(of(fixture), note)
    };
}

/**
 * Makes the configuration of our development server: a client `cli`, whose tokens are for these
 * audiences.
 */
async function nativeClientConfig(run, audiences) {
    const file = path.join(run.directory, "clients.toml");
    const lines = [
        "[[clients]]",
        'id = "cli"',
        `redirect_uris = ["${REDIRECT_URI}"]`,
        "native = true",
        `audiences = ${JSON.stringify(audiences)}`
    ];
    await writeFile(file, lines.join("\n"));
    return file;
}
