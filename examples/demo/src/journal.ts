/**
 * An entry of the API's own record of the requests that reached it. Only a development API
 * publishes such a record.
 */
export type JournalEntry = {
    id: number;
    /** Milliseconds since the epoch. */
    at: number;
    method: string;
    url: string;
    authorization: string | null;
    dpop: string | null;
    outcome: "accepted" | "refused";
    status: number;
    /** The name of the check that failed. */
    reason: string | null;
    detail: string | null;
};

let lastId: number | undefined;

/** Returns the entries since the last call. The first call only marks the current end. */
export async function newEntries(): Promise<JournalEntry[]> {
    const response = await fetch(`${__DEMO__.api}/journal?after=${lastId ?? 0}`);
    const entries = (await response.json()) as JournalEntry[];
    const isFirst = lastId === undefined;
    lastId = entries.at(-1)?.id ?? lastId ?? 0;
    return isFirst ? [] : entries;
}
