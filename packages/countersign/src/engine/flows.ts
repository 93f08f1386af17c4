/**
 * Keeps a login across a full-page redirect: IndexedDB, one transaction to write, one to read and delete.
 * A record without a key may also go to sessionStorage where IndexedDB is refused; a key never does.
 */
import type { Bare, EngineHost } from "./interface.js";
import { noTexts, type Texts } from "./message.js";

/** The private key's handle and the public coordinates, base64url. */
export interface StoredKey extends Bare {
    readonly privateKey: CryptoKey;
    readonly x: string;
    readonly y: string;
}

/** What was kept: x and y of the key (empty without one), then the engine's fields. */
export interface Flow extends Bare {
    readonly key: StoredKey | undefined;
    readonly texts: Texts;
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

/** Runs `act` in one transaction, which also deletes what has died. Its promise shows nobody a record. */
const transact = (host: EngineHost, act: (store: IDBObjectStore) => void): Promise<void> =>
    new host.Promise((resolve, reject) => {
        host.setTimeout(reject, PATIENCE_MILLISECONDS);
        const opening = host.indexedDB!.open(NAME);
        opening.onupgradeneeded = () => opening.result.createObjectStore(NAME);
        opening.onerror = reject;
        opening.onsuccess = () => {
            const database = opening.result;
            try {
                const transaction = database.transaction(NAME, "readwrite");
                const store = transaction.objectStore(NAME);
                act(store);
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
                transaction.oncomplete = () => resolve();
                transaction.onabort = reject;
            } catch (error) {
                reject(error);
            }
            // Waits for the transaction.
            database.close();
        };
    });

/** `texts`: the name, then the engine's fields. */
export const keepFlow = async (host: EngineHost, texts: Texts, key: StoredKey | undefined): Promise<void> => {
    const name = texts[0]!;
    const fields: string[] = [];
    for (let i = 1; i < texts.length; i++) {
        fields[i - 1] = texts[i]!;
    }
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

export const takeFlow = async (host: EngineHost, name: string): Promise<Flow | undefined> => {
    let request: IDBRequest | undefined;
    try {
        await transact(host, store => {
            request = store.get(name);
            store.delete(name);
        });
    } catch {
        request = undefined;
    }
    let record = request?.result as unknown;
    if (!record) {
        const text = host.sessionStorage?.getItem(NAME + name);
        if (text) {
            host.sessionStorage!.removeItem(NAME + name);
            // A key cannot come from here: whoever can write web storage is not to choose one.
            record = { ...(host.parse(text) as object), key: undefined };
        }
    }
    return read(host, record);
};

/** Any script of the origin can have written it: taken is only what consists of strings, and is not dead. */
const read = (host: EngineHost, record: unknown): Flow | undefined => {
    const { until, fields, key } = (record ?? {}) as { [name in keyof FlowRecord]?: unknown };
    if (typeof until !== "number" || until <= host.now() || !host.isArray(fields)) {
        return undefined;
    }
    const { privateKey, x = "", y = "" } = (key ?? {}) as { [name in keyof StoredKey]?: unknown };
    const texts = noTexts();
    for (let i = -2; i < fields.length; i++) {
        const text = i === -2 ? x : i === -1 ? y : fields[i];
        if (typeof text !== "string") {
            return undefined;
        }
        texts[texts.length++] = text;
    }
    return {
        __proto__: null,
        key: key ? { __proto__: null, privateKey: privateKey as CryptoKey, x: texts[0]!, y: texts[1]! } : undefined,
        texts
    };
};

/** Deletes abandoned records: now, and when those of the moment before this page have died. */
export const sweepFlows = (host: EngineHost): void => {
    const sweep = async () => {
        try {
            await transact(host, () => {});
        } catch {}
    };
    host.setTimeout(sweep, 0);
    host.setTimeout(sweep, LIFETIME_MILLISECONDS);
};
