/**
 * An engine of its own that signs for tokens which it has not obtained. It is built with one more
 * export than that of pages, `adopt` (`crates/countersign-browser/src/engine.rs`).
 */
import { natives } from "../core/natives.js";
import { EngineError, type Bare, type ClientHandle, type Engine, type EngineHost, type Upgrade } from "../engine/interface.js";
import { loadEngine } from "../engine/load.js";
import { readTexts, toTexts, writeTexts, type View } from "../engine/message.js";
import { causeOf } from "../engine/numbers.js";
import { safe } from "../page/safe.js";

export interface ProofEngine extends Bare {
    readonly engine: Engine;
    readonly jkt: string;
    /** As `engine.authorize`, for any token, or for a request of none. */
    readonly sign: (method: string, origin: string, path: string, token?: string, signal?: AbortSignal) => Promise<Upgrade>;
}

interface Exports {
    readonly memory: WebAssembly.Memory;
    reserve(length: number): number;
    adopt(task: number, client: ClientHandle): void;
}

type Finish = (task: number, cause: number, pointer: number, length: number, number: number) => void;

interface Adopted extends Bare {
    /** Of the key; empty if a token was given. */
    readonly thumbprint: string;
    readonly number: number;
}

interface Adopting extends Bare {
    readonly resolve: (adopted: Adopted) => void;
    readonly reject: (error: unknown) => void;
}

/** Above the tasks of `boundary.ts`, which counts from 1 on. */
const FIRST_TASK = 2 ** 30;

/** How often a token is adopted for one proof. Of proofs that are made at once, each time 64 are. */
const MOST_TIMES = 16;

/**
 * Starts an engine. `keyPair`: the key, if it is not a new one, in an object without prototype.
 * Rejects with `EngineError`.
 */
export async function startProofEngine(base64: string, keyPair: CryptoKeyPair | undefined): Promise<ProofEngine> {
    let exports: Exports;
    const adopting: { __proto__: null; [task: number]: Adopting } = { __proto__: null };
    let lastTask = FIRST_TASK;
    const view: View = (pointer, length) => new Uint8Array(exports.memory.buffer, pointer, length);
    const host: EngineHost = {
        ...natives,
        __proto__: null,
        // No login is kept.
        indexedDB: undefined,
        sessionStorage: undefined,
        SubtleCrypto: {
            ...natives.SubtleCrypto,
            ...(keyPair && { generateKey: async () => keyPair })
        },
        instantiate: (bytes, imports) => {
            const { finish } = imports["host"] as { finish: Finish };
            const own: Finish = (task, cause, pointer, length, number) => {
                const ended = adopting[task];
                if (!ended) {
                    finish(task, cause, pointer, length, number);
                    return;
                }
                delete adopting[task];
                const { 0: thumbprint } = readTexts(host, pointer, length, view);
                cause ? ended.reject(new EngineError(causeOf(cause), [])) : ended.resolve({ __proto__: null, thumbprint: thumbprint!, number });
            };
            const started = natives.instantiate(bytes, { host: { ...imports["host"], finish: own } });
            exports = started as unknown as Exports;
            return started;
        }
    };
    let engine!: Engine;
    await safe(loadEngine(host, base64, started => (engine = started)));
    const client = engine.create({ issuerUri: "", clientId: "", scope: "", mode: "enforced", metadata: undefined });
    const adopt = (texts: readonly string[]): Promise<Adopted> =>
        new natives.Promise.constructor((resolve, reject) => {
            adopting[++lastTask] = { __proto__: null, resolve, reject };
            writeTexts(host, toTexts(texts), exports.reserve, view);
            exports.adopt(lastTask, client);
        });
    const { thumbprint } = await safe(adopt([]));
    return {
        __proto__: null,
        engine,
        jkt: thumbprint,
        // Adopts each time: the engine forgets a token that was not used for long, or, if many are
        // adopted at once, before it is used.
        sign: async (method, origin, path, token, signal) => {
            for (let times = 1; ; times++) {
                const { number } = await safe(adopt(token === undefined ? [] : [token]));
                try {
                    return await safe(engine.authorize(method, origin, path, { __proto__: null, authorization: "", client, number }, signal));
                } catch (error) {
                    if (times === MOST_TIMES || (error as EngineError | undefined)?.code !== "token_unknown") {
                        throw error;
                    }
                }
            }
        }
    };
}
