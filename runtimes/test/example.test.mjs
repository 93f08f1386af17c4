// `examples/server`: each program, with keys from an issuer, and one of them with Redis.
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { serveIssuer } from "../../packages/countersign/test/server/support/parties.mjs";
import { unpack } from "../../packages/countersign/test/unit/support/packed.mjs";
import { running, startRedis } from "./processes.mjs";
import { AUDIENCE, client, header, headersFor, send } from "./support.mjs";

const here = fileURLToPath(new URL("..", import.meta.url));
let project, world;
before(async () => {
    // Here, so that the frameworks are found.
    project = await unpack("countersign", here);
    await cp(path.join(here, "../examples/server"), project.root, { recursive: true });
    world = await serveIssuer();
});
after(async () => {
    await project?.remove();
    await world?.close();
});

const token = () => world.issuer.token(client, { scope: "notes" });
const call = (port, headers) => send(port, { method: "GET", target: "/notes", headers });

const environment = more => ({ ISSUER: world.issuer.name, PUBLIC_URL: AUDIENCE, PORT: "0", ...more });

for (const name of ["express", "fastify", "hono", "http"]) {
    test(`${name}.mjs gives notes to who proves its token, and describes itself`, async () => {
        await running(project.root, process.execPath, [`${name}.mjs`], environment(), async port => {
            const headers = headersFor("/notes", { token: token() });
            const accepted = await call(port, headers);
            assert.equal(accepted.status, 200);
            assert.match(accepted.body, /\["buy milk"\]/);
            assert.equal((await call(port, headers)).status, 401);
            const described = await send(port, { method: "GET", target: "/.well-known/oauth-protected-resource", headers: [] });
            assert.equal(described.status, 200);
            assert.match(header(described, "content-type")[0], /^application\/json/);
            assert.match(described.body, /"dpop_bound_access_tokens_required":true/);
        });
    });
}

test("two processes with Redis accept a proof once", async () => {
    const redis = await startRedis();
    try {
        // A loaded machine is no reason to fail.
        const shared = environment({ REDIS: `redis://127.0.0.1:${redis.port}`, REPLAY_DEADLINE: "5000" });
        await running(project.root, process.execPath, ["http.mjs"], shared, first =>
            running(project.root, process.execPath, ["express.mjs"], shared, async second => {
                const headers = headersFor("/notes", { token: token() });
                const accepted = await call(first, headers);
                const again = await call(second, headers);
                assert.deepEqual([accepted.status, again.status], [200, 401]);
            })
        );
    } finally {
        await redis.stop();
    }
});
