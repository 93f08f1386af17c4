/**
 * The engine's imports and exports. The other side is
 * `crates/countersign-server-wasm/src/boundary.rs`. Every decision is the engine's; here is what
 * it asks a JavaScript runtime for.
 */
import { afterArrivals, atOnceOf, harmless, readBody, said, sparing, timer } from "./callbacks.js";
import { read, text, utf8, view } from "./message.js";
import { checkOptions, isIssuer, toConfig, type NonceStatus, type ResourceServerOptions } from "./options.js";
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

/** Visible ASCII without quotation mark and backslash (RFC 9449, section 8.1). */
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** What becomes of a request that can't be decided. */
const unavailable = (name: string, reason: string): Outcome => ({
    isAccepted: false,
    status: 503,
    name,
    reason,
    error: undefined,
    headers: [
        ["cache-control", "no-store"],
        ["retry-after", RETRY_AFTER]
    ]
});

/** What becomes of a request when the engine has stopped: nothing is accepted any more. */
const stopped = (cause: unknown): Outcome =>
    unavailable("EngineStopped", `the engine has stopped (${said(cause)}): restart this process, and report it`);

const timeless = (): Outcome => unavailable("ClockUnavailable", "the option `now` has thrown, or gave no finite number");

/** What becomes of a request that is none. */
const malformed = (problem: string): Outcome => ({
    isAccepted: false,
    status: 400,
    name: "RequestMalformed",
    reason: `the program gave no request: ${problem}`,
    error: undefined,
    headers: [["cache-control", "no-store"]]
});

/**
 * Starts an engine for one resource server. Throws a sentence if its options can't be used.
 * `lastTask`: requests are numbered from the next number on.
 */
export const startEngine = (
    module: WebAssembly.Module,
    given: ResourceServerOptions,
    signatures: Signatures,
    secret: Uint8Array,
    lastTask = 0
): Engine => {
    const options = checkOptions(given);
    const log = harmless(options.log ?? ((level, line) => console[level](`countersign: ${line}`)));
    const logSparingly = sparing(log);
    const clock = options.now ?? Date.now;
    const nonces = isIssuer(options.nonces) ? options.nonces : undefined;
    const tasks = new Map<number, { finish: (outcome: Outcome) => void; isTimeless: boolean }>();
    /** What ends a question early, by its number. */
    const cancels = new Map<number, () => void>();
    let crash: { cause: unknown } | undefined;
    let answered: string[] = [];
    /** Whether the clock, or the answer to a question, has failed since the engine was entered. */
    let faults = { ofClock: false, ofQuestion: false };
    let lastTime = Date.now();

    /** The time, or `undefined` if it can't be told. */
    const time = (): number | undefined => {
        try {
            const now = atOnceOf(clock());
            return typeof now === "number" && Number.isFinite(now) ? (lastTime = now) : undefined;
        } catch {
            return undefined;
        }
    };

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
        faults = { ofClock: false, ofQuestion: false };
        try {
            send(message);
            run();
        } catch (cause) {
            crash = { cause };
            for (const { finish } of tasks.values()) {
                finish(stopped(cause));
            }
            tasks.clear();
            log("error", `the engine has stopped: every request is answered 503 until this process restarts (${said(cause)})`);
        }
        if (faults.ofClock) {
            // Any of those who wait may have been told a time that was none.
            for (const task of tasks.values()) {
                task.isTimeless = true;
            }
        }
    };

    const settle = (question: number, status: number, message: Uint8Array = new Uint8Array(), isFault = false): void => {
        cancels.delete(question);
        enter(message, () => {
            faults.ofQuestion = isFault;
            exports.settle(question, status);
        });
    };

    const logUnanswered = (error: unknown): void => logSparingly("question", "error", `a question of the engine had no answer: ${said(error)}`);

    const verdict = (question: number, verdict: Verdict): number => {
        if (typeof verdict === "boolean") {
            return atOnce(verdict ? 1 : 0);
        }
        verdict.then(
            isGood => settle(question, isGood === true ? 1 : 0),
            error => {
                settle(question, 0, undefined, true);
                logUnanswered(error);
            }
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
            if (response.status === 200) {
                const body = await readBody(response, limit);
                body ? settle(question, 200, body) : settle(question, TOO_LONG);
                return;
            }
            // Another status needs no body.
            settle(question, response.status);
            response.body?.cancel().catch(() => {});
        } catch (error) {
            cancels.has(question) && settle(question, FAILED, utf8(said(error)));
        }
    };

    const insert = async (question: number, key: Uint8Array, expiresAt: number): Promise<void> => {
        // The first answer counts, and none is a refusal.
        const once = (status: number, message?: Uint8Array): boolean => {
            const isFirst = cancels.has(question);
            if (isFirst) {
                stop();
                settle(question, status, message);
            }
            return isFirst;
        };
        const deadline = options.replayDeadline ?? DEADLINE;
        const late = () => once(0) && logSparingly("late", "warn", `the replay store did not answer within ${deadline} ms`);
        // When this process was busy, the answer may have come in, and waits.
        const stop = timer(() => afterArrivals(late), deadline);
        cancels.set(question, stop);
        try {
            const { wasNew, storeNow } = await options.replayStore!.insert(key, expiresAt);
            // Anything else than these is no answer.
            const status = wasNew === true ? 1 : wasNew === false ? 2 : 0;
            once(status, utf8(Number.isFinite(storeNow) ? `${Math.floor(storeNow)}` : ""));
        } catch (error) {
            once(0);
            logSparingly("away", "warn", `the replay store can't be reached: ${said(error)}`);
        }
    };

    /** A nonce of the program's. None, if it gives no text that could be sent. */
    const issued = (now: number): Uint8Array => {
        try {
            const nonce = atOnceOf(nonces!.issue(now));
            if (typeof nonce === "string" && NONCE.test(nonce)) {
                return utf8(nonce);
            }
            logSparingly("nonce", "error", "`issue` gave no nonce: visible ASCII without quotation mark and backslash");
        } catch (error) {
            logSparingly("nonce", "error", `\`issue\` gave no nonce: ${said(error)}`);
        }
        return new Uint8Array();
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
                void insert(number, first!.slice(), Number(text(second!)));
                return LATER;
            case Question.CheckNonce: {
                const status = atOnceOf(nonces!.check(text(first!), Number(text(second!))));
                if (status === undefined) {
                    throw new TypeError("`check` gave no answer in the same call");
                }
                return atOnce(NONCES.indexOf(status as NonceStatus) + 1);
            }
            case Question.IssueNonce:
                send(issued(Number(text(first!))));
                return atOnce(1);
            default:
                return atOnce(0);
        }
    };

    const imports = {
        now: () => {
            const now = time();
            faults.ofClock ||= now === undefined;
            return now ?? lastTime;
        },
        monotonic: () => performance.now(),
        ask: (number: number, question: Question, pointer: number, length: number): number => {
            try {
                return ask(number, question, pointer, length);
            } catch (error) {
                // Code of the program's own must not stop the engine.
                faults.ofQuestion = true;
                logUnanswered(error);
                return atOnce(0);
            }
        },
        cancel: (number: number): void => {
            cancels.get(number)?.();
            cancels.delete(number);
        },
        finish: (task: number, isAccepted: number, pointer: number, length: number): void => {
            const fields = read(exports.memory, pointer, length).map(text);
            const waiting = tasks.get(task);
            tasks.delete(task);
            if (!waiting) {
                return;
            }
            const { finish } = waiting;
            if (faults.ofClock || waiting.isTimeless) {
                finish(timeless());
                return;
            }
            if (faults.ofQuestion && !isAccepted) {
                finish(unavailable("QuestionUnanswered", "code that the engine asks (a signature check, a nonce's) has thrown: see the log"));
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
                // A program that issues no nonce has none to send.
                rest[i + 1] === "" || headers.push([rest[i]!, rest[i + 1]!]);
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
                    logSparingly("malformed", "error", `the program gave no request: ${encoded}`);
                    return;
                }
                if (time() === undefined) {
                    resolve(timeless());
                    return;
                }
                // The engine's numbers have 32 bits, and come back signed.
                const task = (lastTask = (lastTask + 1) | 0);
                tasks.set(task, { finish: resolve, isTimeless: false });
                enter(encoded.message, () => exports.authenticate(server, task, encoded.isUri, encoded.authorizations));
            })
    };
};
