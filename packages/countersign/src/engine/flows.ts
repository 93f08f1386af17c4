/**
 * Keeps a login across a full-page redirect: IndexedDB, one transaction to write, one to read and delete.
 * A record without a key may also go to sessionStorage where IndexedDB is refused; a key never does.
 */
import type { EngineHost } from "./interface.js";

/** The private key's handle and the public coordinates, base64url. */
export interface StoredKey {
    readonly privateKey: CryptoKey;
    readonly x: string;
    readonly y: string;
}

interface FlowRecord {
    /** Local clock, milliseconds: then it is dead. */
    readonly until: number;
    readonly fields: readonly string[];
    readonly key: StoredKey | undefined;
}

const NAME = "countersign";
const LIFETIME_MILLISECONDS = 600_000;
/** A browser that neither opens nor refuses the database has refused it. */
const PATIENCE_MILLISECONDS = 2_000;

/** Runs `act` in one transaction, which also deletes what has died. */
const transact = <T>(host: EngineHost, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
        host.setTimeout(reject, PATIENCE_MILLISECONDS);
        const opening = host.indexedDB!.open(NAME);
        opening.onupgradeneeded = () => opening.result.createObjectStore(NAME);
        opening.onerror = reject;
        opening.onsuccess = () => {
            const database = opening.result;
            try {
                const transaction = database.transaction(NAME, "readwrite");
                const store = transaction.objectStore(NAME);
                const result = act(store);
                const cursor = store.openCursor();
                cursor.onsuccess = () => {
                    const entry = cursor.result;
                    if (entry) {
                        if ((entry.value as FlowRecord).until <= host.now()) {
                            entry.delete();
                        }
                        entry.continue();
                    }
                };
                transaction.oncomplete = () => resolve(result.result);
                transaction.onabort = reject;
            } catch (error) {
                reject(error);
            }
            // Waits for the transaction.
            database.close();
        };
    });

export const keepFlow = async (
    host: EngineHost,
    name: string,
    fields: readonly string[],
    key: StoredKey | undefined
): Promise<void> => {
    const record: FlowRecord = { until: host.now() + LIFETIME_MILLISECONDS, fields, key };
    try {
        await transact(host, store => store.put(record, name));
    } catch (error) {
        if (key) {
            throw error;
        }
        host.sessionStorage!.setItem(NAME + name, host.stringify(record));
    }
};

export const takeFlow = async (host: EngineHost, name: string): Promise<FlowRecord | undefined> => {
    let record: FlowRecord | undefined;
    try {
        record = await transact(host, store => {
            const request: IDBRequest<FlowRecord | undefined> = store.get(name);
            store.delete(name);
            return request;
        });
    } catch {}
    if (!record) {
        const text = host.sessionStorage?.getItem(NAME + name);
        if (text) {
            host.sessionStorage!.removeItem(NAME + name);
            // A key cannot come from here: whoever can write web storage is not to choose one.
            record = { ...(host.parse(text) as FlowRecord), key: undefined };
        }
    }
    return record && record.until > host.now() ? record : undefined;
};

/** Deletes abandoned records: now, and when those of the moment before this page have died. */
export const sweepFlows = (host: EngineHost): void => {
    for (const delay of [0, LIFETIME_MILLISECONDS]) {
        host.setTimeout(() => transact(host, store => store.count()).catch(() => {}), delay);
    }
};
