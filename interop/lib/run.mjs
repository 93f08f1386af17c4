/** Runs peers through their scenarios. Whatever did not run has failed. */
import { Run } from "./peer.mjs";

const SCENARIO_LIMIT_SECONDS = 90;
const START_LIMIT_SECONDS = 240;

/**
 * @param {import("./peer.mjs").Peer<any>} peer
 * @param {Record<string, string>} versions
 * @param {(row: import("./table.mjs").Row) => void} [each] told at once
 * @returns {Promise<import("./table.mjs").Row[]>} never rejects
 */
export async function runPeer(peer, versions, each = () => undefined) {
    const rows = [];
    const title = peer.title(versions);
    const add = row => {
        rows.push({ peer: peer.name, title, notes: [], ...row });
        each(rows.at(-1));
    };
    const scenarios = Object.entries(peer.scenarios);
    if (scenarios.length === 0) {
        add({ scenario: "has scenarios", passed: false, seconds: 0, error: "it has none: nothing was shown" });
    }
    const run = await Run.create(versions);
    let fixture;
    const boot = await timed(async () => (fixture = await peer.start(run)), peer.startLimit ?? START_LIMIT_SECONDS);
    for (const [scenario, body] of scenarios) {
        if (boot.error !== undefined) {
            add({ scenario, passed: false, seconds: 0, error: `did not run: the peer did not start: ${boot.error}` });
            continue;
        }
        const notes = [];
        const { seconds, error } = await timed(async () => {
            try {
                await body(fixture, text => notes.push(text));
            } finally {
                await run.check();
            }
        }, peer.limits?.[scenario] ?? SCENARIO_LIMIT_SECONDS);
        add({ scenario, passed: error === undefined, seconds, notes, error });
    }
    const end = await timed(() => run.end(), SCENARIO_LIMIT_SECONDS);
    if (end.error !== undefined) {
        add({ scenario: "ends in order", passed: false, seconds: end.seconds, error: end.error });
    }
    return rows;
}

async function timed(body, limit) {
    const start = performance.now();
    let timer;
    const tooLong = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`was not done after ${limit} s`)), limit * 1000);
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

/** The message, and the first place of ours in the stack. */
function describe(thrown) {
    if (!(thrown instanceof Error)) {
        return String(thrown);
    }
    const place = /\(?(?:file:\/\/)?\S*\/interop\/((?:peers|lib)\/[^)\s]+)\)?/.exec(thrown.stack?.split("\n    at ").slice(1).join("\n") ?? "");
    return place === null ? thrown.message : `${thrown.message} (${place[1]})`;
}
