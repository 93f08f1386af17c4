/** Runs a peer through its scenarios. A scenario that did not run has failed. */
import { Run } from "./peer.mjs";

const SCENARIO_LIMIT_SECONDS = 90;
const START_LIMIT_SECONDS = 240;

/**
 * @param {import("./peer.mjs").Peer<any>} peer
 * @param {object} options
 * @param {Record<string, string>} options.versions
 * @param {Record<string, string>} [options.notReady] why something that peers need is not there, by its name
 * @param {(row: import("./table.mjs").Row) => void} options.add told of each scenario as it ends
 */
export async function runPeer(peer, { versions, notReady = {}, add }) {
    const scenarios = Object.entries(peer.scenarios);
    const { title, pins } = titleOf(peer, versions);
    const tell = row => add({ peer: peer.name, title, pins, passed: row.error === undefined, notes: [], seconds: 0, ...row });
    if (scenarios.length === 0) {
        tell({ scenario: "has scenarios", error: "there are none, so nothing was tested" });
    }
    const missing = peer.needs.filter(need => notReady[need] !== undefined);
    if (missing.length > 0) {
        const why = missing.map(need => `${need} could not be prepared: ${notReady[need]}`).join("; ");
        scenarios.forEach(([scenario], index) => tell({ scenario, error: `did not run: ${index === 0 ? why : "see above"}` }));
        return;
    }
    const run = await Run.create(versions);
    let fixture;
    const boot = await timed(async () => (fixture = await peer.start(run)), peer.startLimit ?? START_LIMIT_SECONDS);
    for (const [scenario, body] of scenarios) {
        if (boot.error !== undefined) {
            const why = scenario === scenarios[0][0] ? `the peer did not start: ${boot.error}` : "see above";
            tell({ scenario, error: `did not run: ${why}` });
            continue;
        }
        const notes = [];
        const { seconds, error } = await timed(async () => {
            await body(fixture, text => notes.push(text));
            await run.check();
        }, peer.limits?.[scenario] ?? SCENARIO_LIMIT_SECONDS);
        // It may explain the failure, and must not count for the next scenario.
        const observed = run.forget();
        tell({ scenario, seconds, notes, error: error === undefined ? error : [error, ...observed].join("\n") });
    }
    const end = await timed(() => run.end(), SCENARIO_LIMIT_SECONDS);
    if (end.error !== undefined) {
        tell({ scenario: "ends in order", ...end });
    }
}

/** Makes the row of a failure that belongs to no scenario. */
export function failedRow(peer, scenario, error) {
    return { peer, title: peer, pins: [], scenario, passed: false, notes: [], seconds: 0, error };
}

/** Returns the title, and the pins that it reads: those are the versions that the peer tries. */
function titleOf(peer, versions) {
    const pins = new Set();
    const watched = new Proxy(versions, {
        get(target, name) {
            pins.add(name);
            return target[name];
        }
    });
    return { title: peer.title(watched), pins: [...pins] };
}

async function timed(body, limit) {
    const start = performance.now();
    let timer;
    const tooLong = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`did not finish within ${limit} s`)), limit * 1000);
    });
    let error;
    try {
        await Promise.race([body(), tooLong]);
    } catch (thrown) {
        error = describe(thrown);
    }
    clearTimeout(timer);
    return { seconds: (performance.now() - start) / 1000, error };
}

/** Returns the message, and the innermost line in a peer's file or in the harness. */
function describe(thrown) {
    if (!(thrown instanceof Error)) {
        return String(thrown);
    }
    const place = (thrown.stack ?? "")
        .split("\n")
        .filter(line => /^\s+at /.test(line))
        .map(line => /\/interop\/((?:peers|lib)\/[^)\s]+)/.exec(line)?.[1])
        .find(found => found !== undefined);
    return place === undefined ? thrown.message : `${thrown.message} (${place})`;
}
