/**
 * node interop/run.mjs [--peer NAME[,NAME]...]: runs peers, prints the table, and exits with 1 if
 * anything failed.
 *
 * It fetches and builds nothing: `cargo xtask interop` asks with `--needs` what has to be there,
 * prepares it, and then starts this program. COUNTERSIGN_NOT_READY says what could not be prepared,
 * and why.
 */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { repository } from "../packages/countersign/test/browser/harness/paths.mjs";
import { failedRow, runPeer } from "./lib/run.mjs";
import { table } from "./lib/table.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const { values } = parseArgs({
    options: {
        peer: { type: "string", multiple: true },
        needs: { type: "boolean", default: false },
        // For the tests of this file.
        peers: { type: "string", default: path.join(here, "peers") },
        results: { type: "string", default: path.join(repository, "target/interop.json") }
    }
});

const manifest = JSON.parse(await readFile(path.join(here, "package.json"), "utf8"));
const versions = { ...manifest.peers, ...manifest.dependencies };
const notReady = JSON.parse(process.env.COUNTERSIGN_NOT_READY ?? "{}");

const names = (await readdir(values.peers))
    .filter(file => file.endsWith(".mjs"))
    .map(file => path.basename(file, ".mjs"))
    .sort();
const chosen = values.peer?.flatMap(list => list.split(",")) ?? names;
const unknown = chosen.filter(name => !names.includes(name));
if (unknown.length > 0) {
    console.error(`error: no peer is named ${unknown.join(", ")}; there are ${names.join(", ")}`);
    process.exit(1);
}

/** Returns the peer, or why it can't be loaded. */
async function load(name) {
    try {
        const { default: peer } = await import(path.join(values.peers, `${name}.mjs`));
        if (peer?.name !== name) {
            throw new Error(`peers/${name}.mjs has to define a peer of that name`);
        }
        return { peer };
    } catch (error) {
        return { why: notReady.npm === undefined ? error.stack : `npm packages could not be installed: ${notReady.npm}` };
    }
}

if (values.needs) {
    const loaded = await Promise.all(chosen.map(load));
    // A peer that can't be loaded fails in the run.
    console.log([...new Set(loaded.flatMap(({ peer }) => peer?.needs ?? []))].join("\n"));
    process.exit(0);
}

// The output is closed: the process that started the run is gone.
process.stdout.on("error", () => process.exit(1));

const rows = [];
const times = new Map();

function add(row) {
    rows.push(row);
    console.log(`${row.passed ? "pass" : "FAIL"} ${row.peer}: ${row.scenario} (${row.seconds.toFixed(1)} s)`);
    if (row.error !== undefined) {
        console.log(row.error.replace(/^/gm, "    "));
    }
}

/** An uncaught error fails the run, under the name of the peer that was running. */
let atWork = chosen[0];
for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, error => add(failedRow(atWork, "no uncaught error", error?.stack ?? String(error))));
}

for (const name of chosen) {
    atWork = name;
    const start = performance.now();
    const { peer, why } = await load(name);
    if (peer === undefined) {
        add(failedRow(name, "can be loaded", why));
    } else {
        await runPeer(peer, { versions, notReady, add });
    }
    times.set(name, (performance.now() - start) / 1000);
}

await mkdir(path.dirname(values.results), { recursive: true });
const results = { versions, seconds: Object.fromEntries(times), rows };
await writeFile(values.results, `${JSON.stringify(results, undefined, 4)}\n`);

const failed = rows.filter(({ passed }) => !passed).length;
console.log(`\n${table(rows, times)}\n`);
console.log(`${rows.length - failed} passed, ${failed} failed`);
// A handle that a peer left open must not keep the run from ending.
process.exit(failed === 0 ? 0 : 1);
