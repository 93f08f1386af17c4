/** Throws a `TypeError`. */
export const fail = (sentence: string): never => {
    throw new TypeError(`countersign: ${sentence}`);
};

/** Throws a `TypeError` with one sentence that names the first unknown option. */
export function refuse(of: string, others: object, known: string): void {
    for (const name of Object.keys(others)) {
        fail(`${of} has no option "${name}", only ${known}.`);
    }
}
