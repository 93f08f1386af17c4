/** What every version of Spring Security's resource server goes through. */
import { definePeer } from "../../lib/peer.mjs";
import { boundScenarios, spa } from "../../lib/spa.mjs";
import { ORIGIN, cases } from "./cases.mjs";
import { accessToken } from "./login.mjs";
import { generateKey } from "./proofs.mjs";
import { replay } from "./replay.mjs";
import { protectedSpring, startSpring } from "./server.mjs";

/** What tokens of our development server need: it is asked for DPoP, and for the `typ` of RFC 9068. */
const READY = ["--api.dpop=on", "--api.csrf=off", "--api.token-types=at+jwt"];

/** @param {{ name: string, jar: "spring" | "spring-4.0", version: string }} options `version`: its name in package.json */
export function springPeer({ name, jar, version }) {
    return definePeer({
        name,
        title: versions => `Spring Boot ${versions[version]}, OAuth 2 resource server`,
        needs: [jar],
        async start(run) {
            const app = await run.app({ variant: { mode: "enforced" } });
            const [wire, apiWire] = [await run.wire(), await run.wire()];
            const issuer = wire.origin;
            const redirectUri = "http://127.0.0.1/callback";
            const idp = await run.idp([
                ...["--issuer", issuer, "--client", `spa=${app.origin}/`, "--client", `thief=${redirectUri}`],
                ...["--audience", `spa=${apiWire.origin}`, "--audience", `thief=${ORIGIN}`]
            ]);
            wire.upstream = idp.port;
            const [api, spring, ours] = await Promise.all([
                protectedSpring(run, { jar, issuer, origins: [app.origin], wire: apiWire, flags: READY }),
                startSpring(run, { jar, issuer, audience: ORIGIN, flags: READY }),
                run.api(["--issuer", issuer, "--audience", ORIGIN, "--public-url", ORIGIN])
            ]);
            const logInAt = page => page.getByRole("button", { name: /alice/i }).click();
            const logIn = key => accessToken({ issuer, clientId: "thief", redirectUri, key });
            const key = await generateKey();
            return {
                spa: await spa(run, { app, wire, issuer, clientId: "spa", logInAt, api }),
                ports: { ours: ours.port, spring: spring.port },
                cases: cases({
                    key,
                    token: await logIn(key),
                    otherToken: await logIn(key),
                    unboundToken: await logIn(undefined),
                    logIn
                })
            };
        },
        scenarios: {
            ...boundScenarios(fixture => fixture.spa),
            "R1-R6, the same requests to our API and to Spring: credentials": ({ ports, cases }, note) =>
                replay(ports, cases.credentials, note),
            "V1-V7, the same: the proof as a JWT": ({ ports, cases }, note) => replay(ports, cases.form, note),
            "V8-V10, the same: method and URL": ({ ports, cases }, note) => replay(ports, cases.target, note),
            "V11-V15, the same: time, token, key and replay": ({ ports, cases }, note) => replay(ports, cases.use, note)
        }
    });
}
