/**
 * The engine's imports and exports. The other side is
 * `crates/countersign-server-wasm/src/boundary.rs`. Every decision is the engine's; here is what
 * it asks a JavaScript runtime for.
 */
import { read, text, utf8, view } from "./message.js";
import { toConfig, type NonceStatus, type ResourceServerOptions } from "./options.js";
import { encodeRequest, type RawRequest } from "./rawRequest.js";
import type { Signatures, Verdict } from "./signatures.js";

interface Exports {
    readonly memory: WebAssembly.Memory;
    reserve(length: number): number;
    create(): number;
    authenticate(server: number, task: number, isUri: number, authorizations: number): void;
    settle(question: number, status: number): void;
    metadata(server: number): void;
}

export type Outcome =
    | { isAccepted: true; scheme: "DPoP" | "Bearer"; thumbprint: string | undefined; accessToken: string; nonce: string | undefined }
    | { isAccepted: false; status: number; name: string; reason: string; error: string | undefined; headers: [string, string][] };

/** The document by which the API describes itself (RFC 9728), and where it is. */
export interface Metadata {
    path: string;
    url: string;
    json: string;
}

export interface Engine {
    authenticate(request: RawRequest): Promise<Outcome>;
    readonly metadata: Metadata | undefined;
}

/** The numbers of the engine's questions: `Question` in `host.rs` has the same order. */
const enum Question {
    Signature,
    Key,
    Fetch,
    Sleep,
    Insert,
    CheckNonce,
    IssueNonce
}

/** The answer to a question comes by `settle`. Else the number is the answer's status and one. */
const LATER = 0;
const atOnce = (status: number): number => status + 1;

/** Answers to `Fetch` that are no status of HTTP. */
const FAILED = 0;
const TOO_LONG = 1;

/** The judgements of a nonce by their numbers, from 1 on. Whatever else is said is "not ours". */
const NONCES: readonly NonceStatus[] = ["fresh", "renew", "expired"];

const DEADLINE = 50; // milliseconds
const RETRY_AFTER = "10"; // seconds

/** What becomes of a request when the engine has stopped: nothing is accepted any more. */
const stopped = (cause: unknown): Outcome => ({
    isAccepted: false,
    status: 503,
    name: "EngineStopped",
    reason: `the engine has stopped (${cause}): restart this process, and report it`,
    error: undefined,
    headers: [
        ["cache-control", "no-store"],
        ["retry-after", RETRY_AFTER]
    ]
});

/** What becomes of a request that is none. */
const malformed = (problem: string): Outcome => ({
    isAccepted: false,
    status: 400,
    name: "RequestMalformed",
    reason: `the program gave no request: ${problem}`,
    error: undefined,
    headers: [["cache-control", "no-store"]]
});

/** Reads a body of at most `limit` bytes. `undefined`: it is longer. */
const readBody = async (response: Response, limit: number): Promise<Uint8Array | undefined> => {
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
const timer = (act: () => void, milliseconds: number): (() => void) => {
    const handle = setTimeout(act, milliseconds);
    return () => clearTimeout(handle);
};

/**
 * Starts an engine for one resource server. Throws a sentence if its options can't be used.
 * `lastTask`: requests are numbered from the next number on.
 */
export const startEngine = (
    module: WebAssembly.Module,
    options: ResourceServerOptions,
    signatures: Signatures,
    secret: Uint8Array,
    lastTask = 0
): Engine => {
    const log = options.log ?? ((level, line) => console[level](`countersign: ${line}`));
    const clock = options.now ?? Date.now;
    const nonces = options.nonces && "issue" in options.nonces ? options.nonces : undefined;
    const tasks = new Map<number, (outcome: Outcome) => void>();
    /** What ends a question early, by its number. */
    const cancels = new Map<number, () => void>();
    let crash: { cause: unknown } | undefined;
    let answered: string[] = [];

    /** Writes a message that the engine takes next. */
    const send = (bytes: Uint8Array): void => view(exports.memory, exports.reserve(bytes.length), bytes.length).set(bytes);

    /**
     * Gives the engine a message and runs it; every call of it goes through here. Nothing else runs
     * in it: what throws here is the engine.
     */
    const enter = (message: Uint8Array, run: () => void): void => {
        if (crash) {
            return;
        }
        try {
            send(message);
            run();
        } catch (cause) {
            crash = { cause };
            log("error", `the engine has stopped: every request is answered 503 until this process restarts (${cause})`);
            for (const finish of tasks.values()) {
                finish(stopped(cause));
            }
            tasks.clear();
        }
    };

    const settle = (question: number, status: number, message: Uint8Array = new Uint8Array()): void => {
        cancels.delete(question);
        enter(message, () => exports.settle(question, status));
    };

    const verdict = (question: number, verdict: Verdict): number => {
        if (typeof verdict === "boolean") {
            return atOnce(verdict ? 1 : 0);
        }
        verdict.then(
            isGood => settle(question, isGood ? 1 : 0),
            () => settle(question, 0)
        );
        return LATER;
    };

    const fetchDocument = async (question: number, url: string, limit: number): Promise<void> => {
        const abort = new AbortController();
        cancels.set(question, () => abort.abort());
        try {
            const fetch = options.fetch ?? globalThis.fetch;
            const response = await fetch(url, {
                headers: { accept: "application/json" },
                redirect: "manual",
                signal: abort.signal
            });
            // Another status needs no body.
            const body = response.status === 200 ? await readBody(response, limit) : new Uint8Array();
            body ? settle(question, response.status, body) : settle(question, TOO_LONG);
            response.status === 200 || (await response.body?.cancel());
        } catch (error) {
            const { message, cause } = error as Error;
            settle(question, FAILED, utf8(cause instanceof Error ? `${message}: ${cause.message}` : `${message}`));
        }
    };

    const insert = (question: number, key: Uint8Array, expiresAt: number): void => {
        // The first answer counts, and none is a refusal.
        const once = (status: number, message?: Uint8Array) => {
            if (cancels.has(question)) {
                stop();
                settle(question, status, message);
            }
        };
        const deadline = options.replayDeadline ?? DEADLINE;
        const stop = timer(() => {
            log("warn", `the replay store did not answer within ${deadline} ms`);
            once(0);
        }, deadline);
        cancels.set(question, stop);
        const refuse = (error: unknown) => {
            log("warn", `the replay store can't be reached: ${error}`);
            once(0);
        };
        try {
            options.replayStore!.insert(key, expiresAt).then(({ wasNew, storeNow }) => {
                // Anything else than these is no answer.
                const status = wasNew === true ? 1 : wasNew === false ? 2 : 0;
                once(status, utf8(Number.isFinite(storeNow) ? `${Math.floor(storeNow)}` : ""));
            }, refuse);
        } catch (error) {
            refuse(error);
        }
    };

    const ask = (number: number, question: Question, pointer: number, length: number): number => {
        const [first, second, third, fourth] = read(exports.memory, pointer, length);
        switch (question) {
            case Question.Signature:
                return verdict(number, signatures.verify(text(first!), text(second!), third!, fourth!));
            case Question.Key:
                return verdict(number, signatures.isKey(text(first!), text(second!)));
            case Question.Fetch:
                void fetchDocument(number, text(first!), Number(text(second!)));
                return LATER;
            case Question.Sleep:
                cancels.set(number, timer(() => settle(number, 1), Number(text(first!))));
                return LATER;
            case Question.Insert:
                // What answers at once, answers after this call: the engine can't be entered in it.
                insert(number, first!.slice(), Number(text(second!)));
                return LATER;
            case Question.CheckNonce:
                return atOnce(NONCES.indexOf(nonces!.check(text(first!), Number(text(second!)))) + 1);
            case Question.IssueNonce:
                send(utf8(nonces!.issue(Number(text(first!)))));
                return atOnce(1);
            default:
                return atOnce(0);
        }
    };

    const imports = {
        now: () => clock(),
        monotonic: () => performance.now(),
        ask: (number: number, question: Question, pointer: number, length: number): number => {
            try {
                return ask(number, question, pointer, length);
            } catch (error) {
                // Code of the program's own must not stop the engine.
                log("error", `a question of the engine had no answer: ${error}`);
                return atOnce(0);
            }
        },
        cancel: (number: number): void => {
            cancels.get(number)?.();
            cancels.delete(number);
        },
        finish: (task: number, isAccepted: number, pointer: number, length: number): void => {
            const fields = read(exports.memory, pointer, length).map(text);
            const finish = tasks.get(task);
            tasks.delete(task);
            if (!finish) {
                return;
            }
            if (isAccepted) {
                const [scheme, thumbprint, accessToken, nonce] = fields;
                finish({
                    isAccepted: true,
                    scheme: scheme === "DPoP" ? "DPoP" : "Bearer",
                    thumbprint: thumbprint || undefined,
                    accessToken: accessToken!,
                    nonce: nonce || undefined
                });
                return;
            }
            const [status, name, reason, error, ...rest] = fields;
            const headers: [string, string][] = [];
            for (let i = 0; i + 1 < rest.length; i += 2) {
                headers.push([rest[i]!, rest[i + 1]!]);
            }
            finish({ isAccepted: false, status: Number(status), name: name!, reason: reason!, error: error || undefined, headers });
        },
        answer: (pointer: number, length: number): void => {
            answered = read(exports.memory, pointer, length).map(text);
        },
        log: (isError: number, pointer: number, length: number): void =>
            log(isError ? "error" : "warn", text(view(exports.memory, pointer, length)))
    };
    const instance = new WebAssembly.Instance(module, { host: imports });
    const exports = instance.exports as unknown as Exports;

    send(utf8(toConfig(options, secret)));
    const server = exports.create();
    if (!server) {
        throw new TypeError(`countersign/server: ${answered[0]}`);
    }
    exports.metadata(server);
    const [path, url, json] = answered;
    const metadata = json === undefined ? undefined : { path: path!, url: url!, json };

    return {
        metadata,
        authenticate: request =>
            new Promise(resolve => {
                if (crash) {
                    resolve(stopped(crash.cause));
                    return;
                }
                const encoded = encodeRequest(request);
                if (typeof encoded === "string") {
                    resolve(malformed(encoded));
                    return;
                }
                // The engine's numbers have 32 bits, and come back signed.
                const task = (lastTask = (lastTask + 1) | 0);
                tasks.set(task, resolve);
                enter(encoded.message, () => exports.authenticate(server, task, encoded.isUri, encoded.authorizations));
            })
    };
};
