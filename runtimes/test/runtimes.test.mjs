// The packed `countersign/server` in Node (ES module and CommonJS), Deno, Bun and workerd: a request
// is accepted once, and a replay and a stolen token are refused.
import assert from "node:assert/strict";
import { cp, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { serveIssuer } from "../../packages/countersign/test/server/support/parties.mjs";
import { unpack } from "../../packages/countersign/test/unit/support/packed.mjs";
import { running } from "./processes.mjs";
import { AUDIENCE, client, header, headersFor, makeClient, send } from "./support.mjs";

const bin = name => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));
let project, world;
before(async () => {
    project = await unpack();
    await cp(fileURLToPath(new URL("apps", import.meta.url)), project.root, { recursive: true });
    // Keys are read from the issuer, by the runtime's own `fetch`.
    world = await serveIssuer();
    const options = { publicUrl: AUDIENCE, issuer: world.issuer.name, audience: AUDIENCE };
    await project.write("options.mjs", `export const options = ${JSON.stringify(options)};\n`);
});
after(async () => {
    await project?.remove();
    await world?.close();
});

const workerd = async run => {
    const outdir = path.join(project.root, "worker");
    await mkdir(outdir, { recursive: true });
    // As wrangler does: the engine stays a module of its own, which the runtime has compiled.
    const { metafile } = await build({
        entryPoints: [path.join(project.root, "workerd.mjs")],
        outdir,
        bundle: true,
        format: "esm",
        platform: "browser",
        conditions: ["workerd", "worker", "browser"],
        loader: { ".wasm": "copy" },
        metafile: true,
        logLevel: "error"
    });
    const names = Object.keys(metafile.outputs).map(name => path.basename(name));
    const modules = await Promise.all(
        names.sort().reverse().map(async name => ({
            type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
            path: name,
            contents: await readFile(path.join(outdir, name), name.endsWith(".wasm") ? undefined : "utf8")
        }))
    );
    assert.deepEqual(modules.map(({ type }) => type), ["ESModule", "CompiledWasm"]);
    const miniflare = new Miniflare({ modules, modulesRoot: "/", compatibilityDate: "2025-01-01", host: "127.0.0.1", port: 0 });
    try {
        await run(Number((await miniflare.ready).port));
    } finally {
        await miniflare.dispose();
    }
};

const start = (program, parameters, run) => running(project.root, program, parameters, {}, run);

const RUNTIMES = {
    "Node, ES module": run => start(process.execPath, ["node.mjs"], run),
    "Node, CommonJS": run => start(process.execPath, ["node.cjs"], run),
    Deno: run => start(bin("deno"), ["run", "--allow-net", "--allow-read", "--node-modules-dir=manual", "deno.mjs"], run),
    Bun: run => start(bin("bun"), ["bun.mjs"], run),
    workerd
};

for (const [name, withPort] of Object.entries(RUNTIMES)) {
    test(`${name}: accepts a request once, and refuses a stolen token`, async () => {
        await withPort(async port => {
            const token = world.issuer.token(client);
            const headers = headersFor("/notes", { token });
            const call = headers => send(port, { method: "GET", target: "/notes", headers });
            const accepted = await call(headers);
            assert.equal(accepted.status, 200, accepted.body);
            assert.match(accepted.body, /DPoP ann/);
            const replayed = await call(headers);
            assert.equal(replayed.status, 401);
            assert.match(header(replayed, "www-authenticate")[0], /error="invalid_dpop_proof"/);
            const thief = makeClient();
            const stolen = await call([headers[0], ["DPoP", thief.proof("GET", `${AUDIENCE}/notes`, token)]]);
            assert.equal(stolen.status, 401);
            const bearer = await call([["Authorization", `Bearer ${token}`]]);
            assert.match(header(bearer, "www-authenticate")[0], /error="invalid_token"/);
            const twice = await call([...headers, headers[1]]);
            assert.equal(twice.status, 401);
        });
    });
}
