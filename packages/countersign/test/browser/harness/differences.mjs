/** Compares what `observe` has returned. */
import assert from "node:assert/strict";

/** More lines of a difference are not shown: node's runner takes minutes for messages of 100 KB. */
const LINES = 40;

/** @param {(name: string) => unknown} [isAlsoRight] whether what was seen is right though it is not what was expected */
export function differences(seen, expected, isAlsoRight = () => false) {
    const found = new Map();
    for (const [name, value] of Object.entries(expected)) {
        try {
            assert.deepEqual(seen[name], value);
        } catch (error) {
            isAlsoRight(name) || found.set(name, error.message.split("\n").slice(1, LINES).map(line => line.slice(0, 300)).join("\n"));
        }
    }
    return {
        /** The behaviours that differ. */
        names: [...found.keys()],
        /** Fails for those that `isKnown` does not know. */
        assertOnly(isKnown) {
            const unknown = [...found].filter(([name]) => !isKnown(name));
            assert.equal(unknown.length, 0, `${unknown.length} differences:\n${unknown.slice(0, 20).map(one => one.join("\n")).join("\n\n")}`);
        }
    };
}
