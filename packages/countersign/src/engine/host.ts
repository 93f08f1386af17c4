/**
 * The engine's imports: what the browser does for it. The other side is `crates/countersign-browser/src/host.rs`.
 * Decides nothing.
 */
import { keepFlow, takeFlow, type StoredKey } from "./flows.js";
import type { EngineHost } from "./interface.js";

/** How the imports reach linear memory, and give an answer. */
export interface Memory {
    bytes(pointer: number, length: number): Uint8Array<ArrayBuffer>;
    fields(pointer: number, length: number): string[];
    text(pointer: number, length: number): string;
    write(message: readonly string[] | Uint8Array): void;
    /** The engine's answer to a call; without `reply` the host has refused. */
    settle(call: number, reply?: Reply): void;
}

/** Two numbers and a message, as the call defines them. */
export type Reply = readonly [first: number, second?: number, message?: readonly string[] | Uint8Array];

export type HostTable = Map<number, unknown>;

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
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
    const answer = async (call: number, work: Promise<Reply>): Promise<void> => {
        let reply: Reply | undefined;
        try {
            reply = await work;
        } catch {}
        memory.settle(call, reply);
    };
    const member = (handle: number, pointer: number, length: number): unknown => {
        const object = table.get(handle) as Record<string, unknown>;
        const name = memory.text(pointer, length);
        return hasOwn(object, name) ? object[name] : undefined;
    };

    const send = async ([method, url, form, proof]: string[]): Promise<Reply> => {
        const response = await host.fetch(new URL(url!, host.origin), {
            method: method!,
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
        return [response.status, toMillis(header("Date")), [header("DPoP-Nonce") ?? "", await response.text()]];
    };

    const generate = async (): Promise<Reply> => {
        const { privateKey, publicKey } = await subtle.generateKey(ECDSA, false, ["sign"]);
        const { x, y } = (await subtle.exportKey("jwk", publicKey)) as { x: string; y: string };
        return [hold({ privateKey, x, y } satisfies StoredKey), 0, [x, y]];
    };

    const keep = async (fields: string[], keys: StoredKey[]): Promise<Reply> => {
        await keepFlow(host, fields.shift()!, fields, keys);
        return [1];
    };

    const take = async (name: string): Promise<Reply> => {
        const { fields, keys } = (await takeFlow(host, name))!;
        const first = lastHandle + 1;
        keys.forEach(hold);
        return [first, keys.length, [...keys.flatMap(({ x, y }) => [x, y]), ...fields]];
    };

    const whenDigested = async (work: Promise<ArrayBuffer>): Promise<Reply> => [1, 0, new Uint8Array(await work)];

    const imports = {
        send: (call: number, pointer: number, length: number) => answer(call, send(memory.fields(pointer, length))),
        generate: (call: number) => answer(call, generate()),
        sign: (call: number, key: number, pointer: number, length: number) =>
            answer(
                call,
                whenDigested(
                    subtle.sign(ECDSA, (table.get(key) as StoredKey).privateKey, memory.bytes(pointer, length))
                )
            ),
        digest: (call: number, pointer: number, length: number) =>
            answer(call, whenDigested(subtle.digest("SHA-256", memory.bytes(pointer, length)))),
        sleep: (call: number, milliseconds: number) => host.setTimeout(() => memory.settle(call, [1]), milliseconds),
        keep: (call: number, pointer: number, length: number, keys: number, count: number) =>
            answer(
                call,
                keep(
                    memory.fields(pointer, length),
                    Array.from(new Uint32Array(memory.bytes(keys, 4 * count).slice().buffer), key => table.get(key) as StoredKey)
                )
            ),
        take: (call: number, pointer: number, length: number) => answer(call, take(memory.text(pointer, length))),
        now: () => host.now(),
        random: (pointer: number, length: number) => {
            host.getRandomValues(memory.bytes(pointer, length));
        },
        parse: (pointer: number, length: number) => {
            try {
                const value = host.parse(memory.text(pointer, length));
                return value instanceof Object ? hold(value) : 0;
            } catch {
                return 0;
            }
        },
        texts: (document: number, pointer: number, length: number, isList: number) => {
            const value = member(document, pointer, length);
            const texts = isList && Array.isArray(value) ? value : [value];
            const isText = texts.every(text => typeof text === "string");
            if (isText) {
                memory.write(texts);
            }
            return isText;
        },
        // `true` is infinity, which JSON's numbers are not taken to be.
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
