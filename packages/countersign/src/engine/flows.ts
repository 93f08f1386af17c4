/**
 * Keeps a login across a full-page redirect: IndexedDB, one transaction to write, one to read and
 * delete. If IndexedDB is not available, a record without a key may go to sessionStorage instead; a
 * key never does.
 */
import { own } from "../page/own.js";
import type { Bare, EngineHost } from "./interface.js";
import { noTexts, type Texts } from "./message.js";
import { FLOW_LIFETIME_MILLIS } from "./numbers.js";
import { safe } from "../page/safe.js";

/** The private key's handle and the public coordinates, base64url. */
export interface StoredKey extends Bare {
    readonly privateKey: CryptoKey;
    readonly x: string;
    readonly y: string;
}

/** A kept login: x and y of the key (empty without one), then the engine's fields. */
export interface Flow extends Bare {
    readonly key: StoredKey | undefined;
    readonly texts: Texts;
}

interface FlowRecord extends Bare {
    /** When it expires: by the local clock, in milliseconds. */
    readonly until: number;
    readonly fields: Texts;
    readonly key: StoredKey | undefined;
}

const NAME = "countersign";
/** A browser that has not answered by then is taken to refuse the database. */
const PATIENCE_MILLISECONDS = 2_000;

/** The store returns ordinary objects. */
type Stored = { readonly [name: string | number]: unknown };

/** A record with more time left than any record gets was written while the clock was ahead. */
const isAlive = (host: EngineHost, { until }: { readonly until?: unknown }): boolean => {
    const left = typeof until === "number" ? until - host.now() : 0;
    return left > 0 && left <= FLOW_LIFETIME_MILLIS;
};

/**
 * Runs `act` in one transaction, which also deletes expired records. Its promise reveals no record.
 */
const transact = (host: EngineHost, act: (store: IDBObjectStore) => void): Promise<void> =>
    new host.Promise.constructor((resolve, reject) => {
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
                        isAlive(host, own<Stored>(entry.value)) || entry.delete();
                        entry.continue();
                    }
                };
                transaction.oncomplete = () => resolve();
                transaction.onabort = reject;
            } catch (error) {
                reject(error);
            }
            // This waits for the transaction.
            database.close();
        };
    });

/** Keeps a login. `texts`: the name, then the engine's fields. */
export const keepFlow = async (host: EngineHost, texts: Texts, key: StoredKey | undefined): Promise<void> => {
    const name = texts[0]!;
    // Without prototypes, so that no setter and no `toJSON` of a script sees what is written.
    const fields = noTexts();
    for (let i = 1; i < texts.length; i++) {
        fields[fields.length++] = texts[i]!;
    }
    const record: FlowRecord = { __proto__: null, until: host.now() + FLOW_LIFETIME_MILLIS, fields, key };
    try {
        await safe(transact(host, store => store.put(record, name)));
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
        await safe(transact(host, store => {
            request = store.get(name);
            store.delete(name);
        }));
    } catch {
        request = undefined;
    }
    let record = own<Stored>(request?.result);
    const { key } = record;
    if (!record["fields"]) {
        const text = host.sessionStorage?.getItem(NAME + name);
        if (text) {
            host.sessionStorage!.removeItem(NAME + name);
            // Its key is ignored: a script that can write web storage must not choose one.
            record = own(host.parse(text) as Stored);
        }
    }
    // Any script of the origin may have written it. Accepted is only a record that consists of
    // strings and has not expired.
    const fields = own(record["fields"] as Stored);
    const { length } = fields;
    if (typeof length !== "number" || !isAlive(host, record)) {
        return undefined;
    }
    const { privateKey, x = "", y = "" } = own(key as Stored);
    const texts = noTexts();
    for (let i = -2; i < length; i++) {
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

/** Deletes abandoned records: now, and a few times in a record's life while the page is open. */
export const sweepFlows = (host: EngineHost): void => {
    const sweep = async () => {
        host.setTimeout(sweep, FLOW_LIFETIME_MILLIS / 4);
        try {
            await safe(transact(host, () => {}));
        } catch {}
    };
    host.setTimeout(sweep, 0);
};
