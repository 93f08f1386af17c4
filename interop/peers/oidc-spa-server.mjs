/**
 * Our client with `oidc-spa/server` on Express, and the hostile requests of our own tests to both
 * it and our example API.
 */
import assert from "node:assert/strict";
import { ORIGIN, cases } from "../lib/hostile/cases.mjs";
import { accessToken } from "../lib/hostile/login.mjs";
import { send } from "../lib/hostile/replay.mjs";
import { definePeer } from "../lib/peer.mjs";
import { boundScenarios, checkCall, spa } from "../lib/spa.mjs";

const PROGRAM = `${import.meta.dirname}/oidc-spa/express.mjs`;
const READY = /listening on (\d+)/;

/** What it accepts and we refuse, by the names of the cases. */
const ACCEPTED_BY_IT = new Set([
    "R2 two tokens",
    "R2 DPoP and then Bearer",
    "an unbound token as Bearer",
    "V1 two proofs",
    "V1 two proofs in one field",
    "V2 of 12,000 characters",
    "V3 an empty jti",
    "V3 jti as a number",
    "V3 htu twice",
    "V3 alg twice",
    "V4 typ in upper case",
    "V8 htm in lower case",
    "V9 another host, named by Host too"
]);
/** What we accept and it refuses. */
const REFUSED_BY_IT = new Set([
    "R2 the scheme in lower case",
    "R2 the scheme in upper case",
    "V5 EdDSA, with its own token",
    "V9 a query",
    "V9 a fragment",
    "V10 the default port",
    "V10 scheme and host in upper case",
    "V10 an encoded letter",
    "V10 dot segments",
    "V12 of 45 seconds ago"
]);

export default definePeer({
    name: "oidc-spa-server",
    title: versions => `oidc-spa ${versions["oidc-spa"]}, its server on Express ${versions.express}`,
    needs: [],
    ours: ["single-page app", "resource server", "development server"],
    async start(run) {
        const app = await run.app({ variant: { mode: "enforced" } });
        const [wire, apiWire] = [await run.wire(), await run.wire()];
        const issuer = wire.origin;
        const redirectUri = "http://127.0.0.1/callback";
        const startIdp = async () => {
            const idp = await run.idp([
                ...["--issuer", issuer, "--client", `spa=${app.origin}/`, "--client", `thief=${redirectUri}`],
                ...["--audience", `spa=${apiWire.origin}`, "--audience", `thief=${ORIGIN}`]
            ]);
            wire.upstream = idp.port;
            return idp;
        };
        const fixture = { wire, startIdp, idp: await startIdp() };
        fixture.startExpress = async () => {
            fixture.express = await startExpress(run, issuer, apiWire.origin, app.origin);
            apiWire.upstream = fixture.express.port;
        };
        await fixture.startExpress();
        const logIn = key => accessToken({ issuer, clientId: "thief", redirectUri, key });
        return Object.assign(fixture, {
            spa: await spa(run, {
                ...{ app, wire, issuer, clientId: "spa", api: { origin: apiWire.origin, wire: apiWire } },
                logInAt: page => page.getByRole("button", { name: /alice/i }).click(),
                expectedErrors: [/status of 401 .*\/api\/me/]
            }),
            cases: Object.values(await cases(logIn)).flat(),
            ports: {
                it: (await startExpress(run, issuer, ORIGIN, app.origin)).port,
                itBehindProxy: (await startExpress(run, issuer, ORIGIN, app.origin, "trust-proxy")).port,
                ours: (await run.api(["--issuer", issuer, "--audience", ORIGIN, "--public-url", ORIGIN])).port
            }
        });
    },
    scenarios: {
        ...boundScenarios(fixture => fixture.spa),
        async "hostile and odd requests, beside our API"({ cases, ports }, note) {
            const [accepted, refused] = [new Set(), new Set()];
            for (const { name, requests, ours } of cases) {
                const list = await requests();
                const [its, own] = [await lastStatus(ports.it, list), await lastStatus(ports.ours, list)];
                assert.equal(own, Number(ours.slice(0, 3)), `${name}, our API`);
                if (its !== 200 && own === 200) {
                    refused.add(name);
                } else if (its === 200 && own !== 200) {
                    accepted.add(name);
                }
            }
            assert.deepEqual(accepted, ACCEPTED_BY_IT, "accepted by it, refused by us");
            assert.deepEqual(refused, REFUSED_BY_IT, "refused by it, accepted by us");
            note(`RR5 among others: it accepts ${[...accepted].join("; ")}`);
            note(`RR3, RR6: it refuses ${[...refused].join("; ")}`);
        },
        async "behind a reverse proxy it takes proofs for the public address, with trustProxy"({ cases, ports }, note) {
            const forwardedTo = async host => {
                const [request] = await cases.find(({ name }) => name === "R1 a good request").requests();
                const { protocol, host: publicHost } = new URL(ORIGIN);
                const added = [["X-Forwarded-Proto", protocol.slice(0, -1)], ["X-Forwarded-Host", publicHost]];
                return [{ ...request, host, headers: [...request.headers, ...added] }];
            };
            assert.equal(await lastStatus(ports.itBehindProxy, await forwardedTo("internal.example")), 200);
            assert.equal(await lastStatus(ports.it, await forwardedTo("internal.example")), 401, "Host decides without it");
            assert.equal(await lastStatus(ports.itBehindProxy, await forwardedTo("internal.example:8080")), 401, "mended?");
            note("it keeps the port of Host with an X-Forwarded-Host that has none: then the proxy has to pass Host on");
        },
        async "keys that were rotated"(fixture, note) {
            const { spa } = fixture;
            // The issuer gets new keys.
            await fixture.idp.stop();
            fixture.idp = await fixture.startIdp();
            await spa.open();
            await spa.logIn();
            const { status, text } = await spa.call({ url: `${spa.api.origin}/api/me` });
            assert.deepEqual([status, /^No public signing key found/.test(text)], [401, true], `is RR1 mended? ${text}`);
            note("RR1: tokens of a new signing key are refused until the server is restarted");
            await fixture.express.stop();
            await fixture.startExpress();
            await checkCall(spa, { url: `${spa.api.origin}/api/me` }, 200);
        }
    }
});

async function startExpress(run, issuer, audience, allowedOrigin, ...flags) {
    const started = await run.spawn("node", [PROGRAM, issuer, audience, allowedOrigin, ...flags], { ready: READY });
    return { ...started, port: Number(READY.exec(started.output())[1]) };
}

/** Sends the requests, and returns the status of the last. */
async function lastStatus(port, requests) {
    let status;
    for (const request of requests) {
        ({ status } = await send(port, request));
    }
    return status;
}
