/**
 * Runs the behaviours of `fetch` and `XMLHttpRequest` in this page, with or without Countersign, and returns what the
 * page saw of each.
 */
import { behaviours as ofFetch } from "./fetch.js";
import { described } from "./tools.js";
import { behaviours as ofXhr } from "./xhr.js";

const all = Object.entries({ ...ofFetch, ...ofXhr });
export const count = all.length;

/** One after the other, so that the server can tell them apart by the number in their URLs. */
export async function run({ token, far, query = "", only = "" }) {
    const seen = {};
    for (const [number, [name, behave]] of all.entries()) {
        if (!name.includes(only)) {
            continue;
        }
        const url = (path, params) => `${path}?${new URLSearchParams({ b: String(number), ...params })}${query}`;
        const at = { token, far, url, farUrl: (path, params) => far + url(path, params) };
        seen[name] = await Promise.race([
            (async () => behave(at))().catch(error => `threw ${described(error)}`),
            new Promise(resolve => setTimeout(resolve, 4_000, "no end"))
        ]);
    }
    return seen;
}

/** The names of the behaviours, by their number. */
export const names = all.map(([name]) => name);
