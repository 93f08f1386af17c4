/**
 * The engine's imports: what the browser does for it. The other side is `crates/countersign-browser/src/host.rs`.
 * Decides nothing.
 */
import { keepFlow, takeFlow, type StoredKey } from "./flows.js";
import type { EngineHost } from "./interface.js";

type Bytes = Uint8Array<ArrayBuffer>;

/** How the imports reach linear memory, and give an answer. */
export interface Memory {
    bytes(pointer: number, length: number): Bytes;
    fields(message: Bytes): string[];
    text(pointer: number, length: number): string;
    write(message: readonly string[] | Uint8Array): void;
    settle(call: number, reply: Reply): void;
}

/** What its parts mean is the question's (`host.rs`); `status` is 0 where the host has refused. */
export interface Reply {
    readonly status?: number;
    readonly time?: number;
    readonly handle?: number;
    readonly message?: readonly string[] | Uint8Array;
}

export type HostTable = Map<number, unknown>;

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const decoder = new TextDecoder();
const parseDate = Date.parse;
const { hasOwn } = Object;

/** `null` becomes `NaN`, the boundary's "none". */
export const toMillis = (date: string | null): number => (date === null ? NaN : parseDate(date));

export const makeImports = (host: EngineHost, memory: Memory, table: HostTable) => {
    let lastHandle = 0;
    const subtle = host.subtle!;

    const hold = (value: unknown): number => {
        table.set(++lastHandle, value);
        return lastHandle;
    };
    const parse = (text: string): number => {
        try {
            const value = host.parse(text);
            return value instanceof Object ? hold(value) : 0;
        } catch {
            return 0;
        }
    };
    const member = (handle: number, pointer: number, length: number): unknown => {
        const object = table.get(handle) as Record<string, unknown>;
        const name = memory.text(pointer, length);
        return hasOwn(object, name) ? object[name] : undefined;
    };

    /** What takes time, in the order of `host.rs`. A rejection is a refusal. */
    const questions: readonly ((message: Bytes, number: number) => Promise<Reply>)[] = [
        async message => {
            const [method, url, form, proof] = memory.fields(message) as [string, string, string, string];
            const response = await host.fetch(new URL(url, host.origin), {
                method,
                body: form || null,
                headers: {
                    ...(form && { "Content-Type": "application/x-www-form-urlencoded" }),
                    ...(proof && { DPoP: proof })
                },
                cache: "no-store",
                credentials: "omit",
                redirect: form ? "error" : "follow"
            });
            const header = (name: string) => response.headers.get(name);
            return {
                status: response.status,
                time: toMillis(header("Date")),
                handle: parse(await response.text()),
                message: [header("DPoP-Nonce") ?? ""]
            };
        },
        async () => {
            const { privateKey, publicKey } = await subtle.generateKey(ECDSA, false, ["sign"]);
            const { x, y } = (await subtle.exportKey("jwk", publicKey)) as { x: string; y: string };
            return { handle: hold({ privateKey, x, y } satisfies StoredKey), message: [x, y] };
        },
        async (message, key) => ({
            message: new Uint8Array(await subtle.sign(ECDSA, (table.get(key) as StoredKey).privateKey, message))
        }),
        async message => ({ message: new Uint8Array(await subtle.digest("SHA-256", message)) }),
        (_, milliseconds) => new Promise(resolve => host.setTimeout(() => resolve({}), milliseconds)),
        async (message, key) => {
            const [name, ...fields] = memory.fields(message) as [string];
            await keepFlow(host, name, fields, table.get(key) as StoredKey | undefined);
            return {};
        },
        async message => {
            const { fields, key } = (await takeFlow(host, decoder.decode(message)))!;
            return { handle: key ? hold(key) : 0, message: [key?.x ?? "", key?.y ?? "", ...fields] };
        }
    ];

    const imports = {
        ask: async (call: number, what: number, pointer: number, length: number, number: number): Promise<void> => {
            let reply: Reply = { status: 0 };
            try {
                // Questions read their message before they first wait.
                reply = await questions[what]!(memory.bytes(pointer, length), number);
            } catch {}
            memory.settle(call, reply);
        },
        now: () => host.now(),
        random: (pointer: number, length: number) => {
            host.getRandomValues(memory.bytes(pointer, length));
        },
        parse: (pointer: number, length: number) => parse(memory.text(pointer, length)),
        merge: (object: number, overrides: number) =>
            hold({ ...(table.get(object) as object), ...(table.get(overrides) as object) }),
        texts: (document: number, pointer: number, length: number, isList: number) => {
            const value = member(document, pointer, length);
            const texts = isList && Array.isArray(value) ? value : [value];
            memory.write(texts.every(text => typeof text === "string") ? texts : []);
        },
        // `true` is infinity, which is no number to the engine.
        number: (document: number, pointer: number, length: number) => {
            const value = member(document, pointer, length);
            return value === true ? Infinity : typeof value === "number" ? value : NaN;
        },
        url: (pointer: number, length: number) => {
            try {
                const { origin, pathname, username, password } = new URL(memory.text(pointer, length));
                memory.write([origin, pathname]);
                return !username && !password;
            } catch {
                return false;
            }
        },
        forget: (handle: number) => {
            table.delete(handle);
        }
    };
    return { imports, hold };
};
