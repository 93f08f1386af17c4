// The packed `countersign/server` in Node (ES module and CommonJS), Deno, Bun and workerd: a request
// is accepted once, and a replay and a stolen token are refused.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { unpack } from "../../packages/countersign/test/unit/support/packed.mjs";
import { header, headersFor, issuer, makeClient, send } from "./support.mjs";

const bin = name => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));
const ENVIRONMENT = { ISSUER: issuer.name, JWKS: JSON.stringify({ keys: [issuer.jwk] }) };

let project;
before(async () => {
    project = await unpack();
    await cp(fileURLToPath(new URL("apps", import.meta.url)), project.root, { recursive: true });
});
after(() => project?.remove());

/** Starts a program that prints its port, runs the test with that, and ends the program. */
const running = async (program, parameters, run) => {
    const child = spawn(program, parameters, { cwd: project.root, env: { ...process.env, ...ENVIRONMENT, NO_COLOR: "1" }, stdio: ["ignore", "pipe", "inherit"] });
    try {
        let printed = "";
        for await (const chunk of child.stdout) {
            printed += chunk;
            if (/port \d+\n/.test(printed)) {
                break;
            }
        }
        const port = Number(/port (\d+)/.exec(printed)?.[1]);
        assert.ok(port, printed);
        child.stdout.resume();
        await run(port);
    } finally {
        child.kill("SIGKILL");
        child.exitCode ?? child.signalCode ?? (await once(child, "exit"));
    }
};

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
    const miniflare = new Miniflare({ modules, modulesRoot: "/", bindings: ENVIRONMENT, compatibilityDate: "2025-01-01", host: "127.0.0.1", port: 0 });
    try {
        await run(Number((await miniflare.ready).port));
    } finally {
        await miniflare.dispose();
    }
};

const RUNTIMES = {
    "Node, ES module": run => running(process.execPath, ["node.mjs"], run),
    "Node, CommonJS": run => running(process.execPath, ["node.cjs"], run),
    Deno: run => running(bin("deno"), ["run", "--allow-net", "--allow-env", "--allow-read", "--node-modules-dir=manual", "deno.mjs"], run),
    Bun: run => running(bin("bun"), ["bun.mjs"], run),
    workerd
};

for (const [name, start] of Object.entries(RUNTIMES)) {
    test(`${name}: accepts a request once, and refuses a stolen token`, async () => {
        await start(async port => {
            const headers = headersFor("/notes");
            const call = headers => send(port, { method: "GET", target: "/notes", headers });
            const accepted = await call(headers);
            assert.equal(accepted.status, 200, accepted.body);
            assert.match(accepted.body, /DPoP ann/);
            const replayed = await call(headers);
            assert.equal(replayed.status, 401);
            assert.match(header(replayed, "www-authenticate")[0], /error="invalid_dpop_proof"/);
            const thief = makeClient();
            const token = headers[0][1].slice(5);
            const stolen = await call([headers[0], ["DPoP", thief.proof("GET", "https://api.example.com/notes", token)]]);
            assert.equal(stolen.status, 401);
            const bearer = await call([["Authorization", `Bearer ${token}`]]);
            assert.match(header(bearer, "www-authenticate")[0], /error="invalid_token"/);
            const twice = await call([...headers, headers[1]]);
            assert.equal(twice.status, 401);
        });
    });
}
