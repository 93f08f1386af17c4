/** The results as plain text, for a terminal of 120 columns. */

const WIDTH = 120;
const RESULT_WIDTH = 4;
const TIME_WIDTH = 7;

/**
 * @typedef {object} Row
 * @property {string} peer the name for `--peer`
 * @property {string} title the peer with its version
 * @property {string[]} pins the versions that the peer tries, by name
 * @property {string} scenario
 * @property {boolean} passed
 * @property {string[]} notes what differs from what the RFC or other peers do
 * @property {string} [error] why it failed
 * @property {number} seconds
 */

/**
 * One line a scenario, under its peer; what differs, and why it failed, below it.
 *
 * @param {Row[]} rows
 * @param {Map<string, number>} times seconds, by peer: start and end included
 */
export function table(rows, times) {
    const lines = [];
    for (const [peer, group] of groups(rows)) {
        lines.push("", `${group[0].title} (--peer ${peer}; ${Math.round(times.get(peer) ?? 0)} s)`);
        const width = WIDTH - RESULT_WIDTH - TIME_WIDTH - 4;
        for (const { scenario, passed, notes, error, seconds } of group) {
            const [first, ...rest] = wrap(scenario, width);
            const time = `${seconds.toFixed(1)} s`.padStart(TIME_WIDTH);
            lines.push(`  ${(passed ? "pass" : "FAIL").padEnd(RESULT_WIDTH)} ${time}  ${first}`);
            const indent = " ".repeat(RESULT_WIDTH + TIME_WIDTH + 5);
            lines.push(...rest.map(line => indent + line));
            for (const note of notes) {
                const [head, ...tail] = wrap(note, WIDTH - indent.length - 9);
                lines.push(`${indent}differs: ${head}`, ...tail.map(line => `${indent}         ${line}`));
            }
            if (error !== undefined) {
                const kept = error.split("\n").flatMap(line => wrap(line, WIDTH - indent.length));
                lines.push(...kept.slice(0, 12).map(line => indent + line));
            }
        }
    }
    return lines.join("\n").replace(/^\n/, "");
}

/** @param {Row[]} rows */
function groups(rows) {
    const groups = new Map();
    for (const row of rows) {
        groups.set(row.peer, [...(groups.get(row.peer) ?? []), row]);
    }
    return groups;
}

/** Cut at spaces; a word that is longer than the line stays whole. */
export function wrap(text, width) {
    const lines = [];
    let line = "";
    for (const word of text.split(" ")) {
        if (line !== "" && line.length + 1 + word.length > width) {
            lines.push(line);
            line = word;
        } else {
            line = line === "" ? word : `${line} ${word}`;
        }
    }
    return [...lines, line];
}
