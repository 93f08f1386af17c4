/** What makes a program's own callbacks harmless: they may throw anything, at any time. */

export type Log = (level: "warn" | "error", line: string) => void;

/** What was thrown, as text. It may be anything, also what has no text. */
export const said = (error: unknown): string => {
    try {
        const { message, cause } = error as { message?: unknown; cause?: { message?: unknown } };
        return typeof message !== "string" ? String(error) : typeof cause?.message === "string" ? `${message}: ${cause.message}` : message;
    } catch {
        try {
            return String(error);
        } catch {
            return "an error without text";
        }
    }
};

/** A log that neither throws nor rejects. */
export const harmless =
    (log: Log): Log =>
    (level, line) => {
        // An `async` function may stand for it.
        void (async () => log(level, line))().catch(() => {});
    };

/** Returns what was answered at once; a promise is no such answer, and rejects unheard. */
export const atOnceOf = (value: unknown): unknown => {
    if (typeof value === "object" && value !== null) {
        Promise.resolve(value).catch(() => {});
        return undefined;
    }
    return value;
};

const SECOND = 1000; // milliseconds

/** Logs at most one line of each kind a second: requests must not fill a disk. */
export const sparing = (log: Log): ((kind: string, ...line: Parameters<Log>) => void) => {
    const last = new Map<string, number>();
    return (kind, level, line) => {
        const now = performance.now();
        if (now - (last.get(kind) ?? -SECOND) >= SECOND) {
            last.set(kind, now);
            log(level, line);
        }
    };
};

/** Reads a body of at most `limit` bytes. `undefined`: it is longer. */
export const readBody = async (response: Response, limit: number): Promise<Uint8Array | undefined> => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const reader = response.body?.getReader();
    while (reader) {
        const { done, value } = await reader.read();
        if (done) {
            break;
        }
        length += value.length;
        if (length > limit) {
            await reader.cancel();
            return undefined;
        }
        chunks.push(value);
    }
    const body = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
        body.set(chunk, at);
        at += chunk.length;
    }
    return body;
};

/** Starts a timer, and returns what ends it early. */
export const timer = (act: () => void, milliseconds: number): (() => void) => {
    const handle = setTimeout(act, milliseconds);
    return () => clearTimeout(handle);
};

/** Acts after what has already come in from sockets has had its turn. */
export const afterArrivals = (act: () => void): void => {
    const { setImmediate } = globalThis as { setImmediate?: (act: () => void) => void };
    setTimeout(() => (setImmediate ? setImmediate(act) : act()), 0);
};
