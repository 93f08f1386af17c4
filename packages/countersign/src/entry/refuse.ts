/** Throws a `TypeError` with one sentence that names the first unknown option. */
export function refuse(of: string, others: object, known: string): void {
    for (const name of Object.keys(others)) {
        throw new TypeError(`countersign: ${of} has no option "${name}", only ${known}.`);
    }
}
