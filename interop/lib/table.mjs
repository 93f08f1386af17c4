/** Formats the results as plain text, for a terminal of 120 columns. */

const WIDTH = 120;
const RESULT_WIDTH = 4;
const TIME_WIDTH = 7;
/** Aligns text below the scenario's name. */
const INDENT = " ".repeat(2 + RESULT_WIDTH + 1 + TIME_WIDTH + 2);
/**
 * How many lines of a failure's reason are shown; the rest is above the table, where the scenario
 * ended.
 */
const SHOWN_LINES = 12;

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
 * Formats one line per scenario, under its peer, followed by what differs and why it failed.
 *
 * @param {Row[]} rows
 * @param {Map<string, number>} times seconds, by peer: start and end included
 */
export function table(rows, times) {
    const lines = [];
    for (const [peer, group] of groups(rows)) {
        lines.push("", `${group[0].title} (--peer ${peer}; ${Math.round(times.get(peer) ?? 0)} s)`);
        for (const { scenario, passed, notes, error, seconds } of group) {
            const result = (passed ? "pass" : "FAIL").padEnd(RESULT_WIDTH);
            const time = `${seconds.toFixed(1)} s`.padStart(TIME_WIDTH);
            lines.push(...hanging(`  ${result} ${time}  `, scenario));
            lines.push(...notes.flatMap(note => hanging(`${INDENT}differs: `, note)));
            const reasons = error?.split("\n").flatMap(line => hanging(INDENT, line)) ?? [];
            lines.push(...reasons.slice(0, SHOWN_LINES));
        }
    }
    return lines.join("\n").replace(/^\n/, "");
}

/** Puts the text after `start`, and indents its further lines to the same column. */
function hanging(start, text) {
    const [first, ...rest] = wrap(text, WIDTH - start.length);
    return [start + first, ...rest.map(line => " ".repeat(start.length) + line)];
}

/** @param {Row[]} rows */
function groups(rows) {
    const groups = new Map();
    for (const row of rows) {
        groups.set(row.peer, [...(groups.get(row.peer) ?? []), row]);
    }
    return groups;
}

/** Wraps the text at spaces; a word that is longer than the line stays whole. */
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
