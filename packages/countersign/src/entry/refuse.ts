/** Throws a `TypeError`. */
export const fail = (sentence: string): never => {
    throw new TypeError(`countersign: ${sentence}`);
};

/**
 * Throws a `TypeError` with one sentence that names the first unknown option. One that is off asks
 * for nothing.
 */
export function refuse(of: string, others: Record<string, unknown>, known: string): void {
    for (const name of Object.keys(others)) {
        if (others[name]) {
            fail(`${of} has no option "${name}", only ${known}.`);
        }
    }
}
