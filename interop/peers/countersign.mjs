/**
 * Our own development authorization server and example API, with which every other peer is
 * compared.
 */
import { definePeer } from "../lib/peer.mjs";
import { boundScenarios, protectedApi, spa } from "../lib/spa.mjs";

export default definePeer({
    name: "countersign",
    title: () => "Countersign's own development server",
    needs: [],
    ours: ["single-page app", "resource server", "development server"],
    async start(run) {
        const app = await run.app({ variant: { mode: "enforced" } });
        const [wire, apiWire] = [await run.wire(), await run.wire()];
        const issuer = wire.origin;
        const idp = await run.idp([
            ...["--issuer", issuer, "--client", `spa=${app.origin}/`, "--audience", apiWire.origin]
        ]);
        wire.upstream = idp.port;
        const api = await protectedApi(run, { issuer, origins: [app.origin], wire: apiWire });
        const logInAt = page => page.getByRole("button", { name: /alice/i }).click();
        return { spa: await spa(run, { app, wire, issuer, clientId: "spa", logInAt, api }) };
    },
    scenarios: boundScenarios(fixture => fixture.spa)
});
