/**
 * node interop/run.mjs [--peer NAME[,NAME]...]: runs peers, prints the table, exits with 1 where something failed.
 *
 * It fetches and builds nothing: `cargo xtask interop` does that first, and then starts this.
 */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { repository } from "../packages/countersign/test/browser/harness/paths.mjs";
import { runPeer } from "./lib/run.mjs";
import { table } from "./lib/table.mjs";

const here = import.meta.dirname;
const { values } = parseArgs({ options: { peer: { type: "string", multiple: true } } });

const manifest = JSON.parse(await readFile(path.join(here, "package.json"), "utf8"));
const versions = { ...manifest.peers, ...manifest.dependencies };
const names = (await readdir(path.join(here, "peers")))
    .filter(file => file.endsWith(".mjs"))
    .map(file => path.basename(file, ".mjs"))
    .sort();
const chosen = values.peer?.flatMap(list => list.split(",")) ?? names;
const unknown = chosen.filter(name => !names.includes(name));
if (unknown.length > 0) {
    console.error(`error: no peer is named ${unknown.join(", ")}; there are ${names.join(", ")}`);
    process.exit(1);
}

const rows = [];
const times = new Map();

/** An error that no scenario caught is nobody's in particular, and fails the run. */
let peerUnderWay = chosen[0];
for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, error => {
        const scenario = "no error that nobody caught";
        const text = error?.stack ?? String(error);
        rows.push({ peer: peerUnderWay, title: peerUnderWay, scenario, passed: false, notes: [], seconds: 0, error: text });
        console.error(text);
    });
}

for (const name of chosen) {
    peerUnderWay = name;
    const start = performance.now();
    try {
        const { default: peer } = await import(`./peers/${name}.mjs`);
        if (peer.name !== name) {
            throw new Error(`peers/${name}.mjs defines a peer of another name: ${peer.name}`);
        }
        rows.push(...(await runPeer(peer, versions, tell)));
    } catch (error) {
        rows.push({ peer: name, title: name, scenario: "can be loaded", passed: false, notes: [], seconds: 0, error: error.stack });
    }
    times.set(name, (performance.now() - start) / 1000);
}

function tell({ peer, scenario, passed, seconds, error }) {
    console.log(`${passed ? "pass" : "FAIL"} ${peer}: ${scenario} (${seconds.toFixed(1)} s)`);
    if (error !== undefined) {
        console.log(error.replace(/^/gm, "    "));
    }
}

await mkdir(path.join(repository, "target"), { recursive: true });
await writeFile(path.join(repository, "target/interop.json"), `${JSON.stringify({ versions, rows }, undefined, 4)}\n`);

const failed = rows.filter(({ passed }) => !passed).length;
console.log(`\n${table(rows, times)}\n`);
console.log(`${rows.length - failed} passed, ${failed} failed`);
// A handle that a peer left open does not keep the run from ending.
process.exit(failed === 0 ? 0 : 1);
