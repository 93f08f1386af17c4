/** Makes the README's table of what was tested with what, from the pins and the peers' files. */
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const interop = fileURLToPath(new URL("..", import.meta.url));

export const START = "<!-- Written by `node interop/summary.mjs`. -->";
export const END = "<!-- End of what is written. -->";

/** @returns {Promise<{ peers: import("./peer.mjs").Peer<any>[], versions: Record<string, string> }>} */
export async function definitions() {
    const manifest = JSON.parse(await readFile(path.join(interop, "package.json"), "utf8"));
    const directory = path.join(interop, "peers");
    const files = (await readdir(directory)).filter(file => file.endsWith(".mjs")).sort();
    const peers = await Promise.all(files.map(async file => (await import(path.join(directory, file))).default));
    return { peers, versions: { ...manifest.peers, ...manifest.dependencies } };
}

/**
 * Makes one row per peer whose title names a version. The others are our own servers, or servers in
 * the shape of a vendor's.
 *
 * @param {{ peers: import("./peer.mjs").Peer<any>[], versions: Record<string, string> }} definitions
 */
export function summary({ peers, versions }) {
    const rows = peers.flatMap(({ name, title, ours, scenarios }) => {
        if (title(versions) === title({})) {
            return [];
        }
        if (ours === undefined || ours.length === 0) {
            throw new Error(`peers/${name}.mjs does not say which parts of ours it is tested with, in "ours"`);
        }
        return [`| ${title(versions)} | ${ours.join(", ")} | ${Object.keys(scenarios).length} |`];
    });
    return ["| with | part of Countersign | scenarios |", "|---|---|---:|", ...rows.sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))].join("\n");
}

/** Returns `page` with the table between its marks. */
export function withSummary(page, table) {
    const [before, rest] = page.split(START);
    const after = rest?.split(END)[1];
    if (after === undefined) {
        throw new Error(`the page has no ${START} and ${END}`);
    }
    return `${before}${START}\n${table}\n${END}${after}`;
}
