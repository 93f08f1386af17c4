/**
 * An engine of its own that signs for tokens which it has not obtained. It is built with one more
 * export than that of pages, `adopt` (`crates/countersign-browser/src/engine.rs`).
 */
import { natives } from "../core/natives.js";
import { EngineError, type BoundToken, type ClientHandle, type Engine, type EngineHost } from "../engine/interface.js";
import { loadEngine } from "../engine/load.js";
import { readTexts, toTexts, writeTexts, type View } from "../engine/message.js";
import { causeOf } from "../engine/numbers.js";
import { safe } from "../page/safe.js";

export interface ProofEngine {
    readonly engine: Engine;
    readonly jkt: string;
    /** Returns the token under which `engine` signs; without a token, for requests of none. */
    readonly adopt: (token?: string) => Promise<BoundToken>;
}

interface Exports {
    readonly memory: WebAssembly.Memory;
    reserve(length: number): number;
    adopt(task: number, client: ClientHandle): void;
}

type Finish = (task: number, cause: number, pointer: number, length: number, number: number) => void;

interface Adopting {
    readonly resolve: (adopted: { readonly thumbprint: string; readonly number: number }) => void;
    readonly reject: (error: unknown) => void;
}

/** Above the tasks of `boundary.ts`, which counts from 1 on. */
const FIRST_TASK = 2 ** 30;

/** Starts an engine. `keyPair`: the key, if it is not a new one. Rejects with `EngineError`. */
export async function startProofEngine(base64: string, keyPair: CryptoKeyPair | undefined): Promise<ProofEngine> {
    let exports: Exports;
    const adopting = new Map<number, Adopting>();
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
                const ended = adopting.get(task);
                if (!ended) {
                    finish(task, cause, pointer, length, number);
                    return;
                }
                adopting.delete(task);
                const { 0: thumbprint } = readTexts(host, pointer, length, view);
                cause ? ended.reject(new EngineError(causeOf(cause), [])) : ended.resolve({ thumbprint: thumbprint!, number });
            };
            const started = natives.instantiate(bytes, { host: { ...imports["host"], finish: own } });
            exports = started as unknown as Exports;
            return started;
        }
    };
    let engine!: Engine;
    await safe(loadEngine(host, base64, started => (engine = started)));
    const client = engine.create({ issuerUri: "", clientId: "", scope: "", mode: "enforced", metadata: undefined });
    const adopt = (texts: readonly string[]) =>
        new Promise<{ thumbprint: string; number: number }>((resolve, reject) => {
            adopting.set(++lastTask, { resolve, reject });
            writeTexts(host, toTexts(texts), exports.reserve, view);
            exports.adopt(lastTask, client);
        });
    const { thumbprint, number } = await safe(adopt([]));
    const tokenless: BoundToken = { __proto__: null, authorization: "", client, number };
    return {
        engine,
        jkt: thumbprint,
        adopt: async token =>
            token === undefined ? tokenless : { __proto__: null, authorization: `DPoP ${token}`, client, number: (await safe(adopt([token]))).number }
    };
}
