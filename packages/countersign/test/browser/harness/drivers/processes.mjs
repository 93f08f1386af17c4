/** What the drivers start ends with this process, however that ends: by itself, or by a signal. */

/** @type {Set<() => void>} */
const ends = new Set();

process.on("exit", () => ends.forEach(end => end()));
for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
    // A signal ends the process at once, unless someone listens.
    process.on(signal, () => process.exit(128 + number));
}
// The runner may be killed without a word to the files that it runs.
const { ppid: parent } = process;
setInterval(() => process.ppid === parent || process.exit(1), 1000).unref();

/**
 * Calls `end` when this process ends. It may be called although everything is ended.
 *
 * @param {() => void} end @returns {() => void} forgets it
 */
export function atEnd(end) {
    ends.add(end);
    return () => ends.delete(end);
}

/** Ends a process with its group, at once. @param {import("node:child_process").ChildProcess} child */
export function killGroup(child) {
    try {
        process.kill(-child.pid, "SIGKILL");
    } catch {
        // It has ended already.
    }
}
