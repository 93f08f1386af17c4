/**
 * The engine's exports as an `Engine`. The other side is
 * `crates/countersign-browser/src/engine.rs`.
 *
 * Numbers are passed as arguments, strings as messages: bytes in linear memory, each field ended by
 * 0xFF (`message.ts`). A trap leaves the engine half-changed: the engine is discarded, and every
 * later call fails with `engine_crashed`.
 */
import { sweepFlows } from "./flows.js";
import { makeImports, type Memory } from "./host.js";
import { EngineError } from "./interface.js";
import type { Attempt, Bare, BoundToken, ClientHandle, Engine, EngineHost, Tokens, Upgrade } from "./interface.js";
import { noTexts, readTexts, toTexts, writeTexts, type Bytes, type Texts, type View } from "./message.js";
import { causeOf, numberOf, type Renewal, type Visit } from "./numbers.js";
import { safe } from "../page/safe.js";

interface Exports {
    readonly memory: WebAssembly.Memory;
    reserve(length: number): number;
    settle(call: number, status: number, time: number, handle: number): void;
    create(mode: number, metadata: number): ClientHandle;
    discover(task: number, client: ClientHandle): void;
    prepare(task: number, client: ClientHandle, visit: Visit): void;
    push(task: number, client: ClientHandle, isBound: number): void;
    redeem(task: number, client: ClientHandle, count: number): void;
    renew(task: number, client: ClientHandle): void;
    logout(task: number, client: ClientHandle): void;
    tokens(client: ClientHandle): void;
    offset(client: ClientHandle): number;
    authorize(task: number, token: number, method: number, origin: number): void;
    observe(task: number, attempt: Attempt, date: number, isReplayable: number, isSlash: number): void;
    release(attempt: Attempt): void;
}

/** A bound token, with what tells when it expires: its client, whose server's clock counts. */
interface Bound extends BoundToken {
    readonly accessTokenExpirationTime: number;
}

/** A task in progress, and how to end it. */
interface Pending extends Bare {
    readonly succeed: (fields: Texts, attempt: Attempt) => void;
    readonly fail: (error: unknown) => void;
}

/** A value that a promise can be resolved with without showing it to anyone. */
type Safe = Bare | string | undefined | void;

const toUpgrade = ({ 0: proof }: Texts, attempt: Attempt): Upgrade | undefined =>
    proof ? { __proto__: null, proof, attempt } : undefined;

/**
 * Starts an engine and passes it to `deliver`. A promise would show it to a getter on
 * `Promise.prototype`.
 */
export const startEngine = async (bytes: Bytes, host: EngineHost, deliver: (engine: Engine) => void): Promise<void> => {
    const pending: { __proto__: null; [task: number]: Pending } = { __proto__: null };
    let lastTask = 0;
    let crash: EngineError | undefined;
    let answered: Tokens | undefined;
    /** Whose tokens were asked for last. */
    let client: ClientHandle;
    /**
     * The bound tokens until they expire, also after the engine has crashed or their session has
     * ended: then requests with them fail instead of being sent unchanged, as Bearer.
     */
    const bound = { __proto__: null } as object as Record<string, Bound>;

    const view: View = (pointer, length) => new host.Uint8Array(host.Memory.buffer(exports.memory), pointer, length);

    const memory: Memory = {
        view,
        text: (pointer, length) => host.decode(view(pointer, length)),
        fields: (pointer, length) => readTexts(host, pointer, length, view),
        write: texts => writeTexts(host, texts, exports.reserve, view),
        settle: (call, { status = 1, time = NaN, handle = 0, texts = noTexts(), bytes, length = 0 }) => {
            try {
                enter(() => {
                    if (bytes) {
                        const target = view(exports.reserve(length), length);
                        for (let i = 0; i < length; i++) {
                            target[i] = bytes[i]!;
                        }
                    } else {
                        memory.write(texts);
                    }
                    exports.settle(call, status, time, handle);
                });
            } catch {
                // After a crash every task has ended.
            }
        }
    };

    /** Runs the engine; every call of it goes through here. */
    const enter = <T>(run: () => T): T => {
        if (!crash) {
            try {
                return run();
            } catch {
                crash = new EngineError("engine_crashed", []);
                for (const task in pending) {
                    pending[task]!.fail(crash);
                }
            }
        }
        throw crash!;
    };

    /** Begins a task, whose message is written. */
    const begin = (run: (task: number) => void, succeed: Pending["succeed"], fail: Pending["fail"]): void => {
        pending[++lastTask] = { __proto__: null, succeed, fail };
        run(lastTask);
    };

    /**
     * Begins a task. `toResult` turns its outcome into the value that the promise is resolved with.
     */
    const start = <T extends Safe>(
        message: ArrayLike<unknown>,
        run: (task: number) => void,
        toResult: (fields: Texts, attempt: Attempt) => T
    ): Promise<T> =>
        new host.Promise.constructor((resolve, reject) => {
            const texts = toTexts(message);
            enter(() => {
                memory.write(texts);
                begin(run, (fields, attempt) => resolve(toResult(fields, attempt)), reject);
            });
        });

    const addPairs = (texts: Texts, parameters: Record<string, string | undefined> | undefined): Texts => {
        for (const name in parameters) {
            const value = host.hasOwn(parameters, name) ? parameters[name] : undefined;
            if (value !== undefined) {
                texts[texts.length++] = name;
                // As text, whatever JavaScript passes: `searchParams` makes the same of the other request's.
                texts[texts.length++] = `${value}`;
            }
        }
        return texts;
    };

    const tokens = (asked: ClientHandle): Tokens | undefined =>
        enter(() => {
            answered = undefined;
            client = asked;
            exports.tokens(client);
            for (const token in bound) {
                const { client, accessTokenExpirationTime } = bound[token]!;
                host.now() + exports.offset(client) < accessTokenExpirationTime || delete bound[token];
            }
            return answered;
        });

    const release = (attempt: Attempt): void => {
        try {
            enter(() => exports.release(attempt));
        } catch {
            // After a crash nobody waits any more.
        }
    };

    /** For a callback of the engine, which cannot be entered again before that has returned. */
    const releaseLater = async (attempt: Attempt): Promise<void> => {
        await safe(new host.Promise.constructor<void>(resolve => resolve()));
        release(attempt);
    };

    /** One promise: a call that is signed waits for no more than it must. */
    const authorize: Engine["authorize"] = (method, origin, path, { number }, signal) =>
        new host.Promise.constructor((resolve, reject) => {
            const text = method + origin + path;
            const { length } = text;
            let isAborted = false;
            const abort = () => {
                isAborted = true;
                reject(host.AbortSignal.reason(signal!));
            };
            const over = () => signal && host.EventTarget.removeEventListener(signal, "abort", abort);
            if (signal) {
                host.AbortSignal.aborted(signal) ? abort() : host.EventTarget.addEventListener(signal, "abort", abort);
            }
            enter(() => {
                // As the platform serialises them, all are ASCII. Others would not fit.
                const isAscii = host.encodeInto(text, view(exports.reserve(length), length)).read === length;
                isAscii ? begin(
                    task => exports.authorize(task, number, method.length, origin.length),
                    (fields, attempt) => {
                        over();
                        const upgrade = toUpgrade(fields, attempt);
                        if (!upgrade) {
                            reject(new EngineError("token_unknown", []));
                        } else if (isAborted) {
                            void releaseLater(attempt);
                        } else {
                            resolve(upgrade);
                        }
                    },
                    error => {
                        over();
                        reject(error);
                    }
                ) : reject(new TypeError(text));
            });
        });

    const { imports, hold, held, toMillis } = makeImports(host, memory);
    const boundary = {
        ...imports,
        finish: (task: number, cause: number, pointer: number, length: number, attempt: Attempt) => {
            const { succeed, fail } = pending[task]!;
            const fields = memory.fields(pointer, length);
            delete pending[task];
            if (!cause) {
                succeed(fields, attempt);
                return;
            }
            // Three at most. Assigning to an index of an array might call a setter of a script.
            const details = [fields[0]!, fields[1]!, fields[2]!];
            details.length = fields.length;
            fail(new EngineError(causeOf(cause), details));
        },
        tokens: (
            pointer: number,
            length: number,
            accessTokenExpirationTime: number,
            refreshTokenExpirationTime: number,
            claims: number,
            number: number,
            renewal: Renewal,
            renewIn: number
        ) => {
            const { 0: accessToken, 1: idToken, 2: refreshToken } = memory.fields(pointer, length);
            if (number) {
                bound[accessToken!] = { __proto__: null, authorization: `DPoP ${accessToken}`, number, client, accessTokenExpirationTime };
            }
            answered = {
                __proto__: null,
                accessToken: accessToken!,
                accessTokenExpirationTime,
                idToken: idToken!,
                idTokenClaims: held(claims) as Record<string, unknown>,
                refreshToken: refreshToken || undefined,
                refreshTokenExpirationTime: refreshTokenExpirationTime || undefined,
                renewal,
                renewIn
            };
        }
    };
    let exports: Exports;
    try {
        const given = { host: boundary };
        try {
            exports = host.instantiate(bytes, given) as unknown as Exports;
        } catch (error) {
            // Only this limit has another way, not a lack of memory, which a script can cause.
            if (!host.String.includes((error as Error).message, "main thread")) {
                throw error;
            }
            // Chromium before 114 compiles nothing of this size synchronously. The exports have no
            // prototype, but the object that holds them has one.
            exports = (await safe(WebAssembly.instantiate(bytes, given))).instance.exports as unknown as Exports;
        }
    } catch (error) {
        throw new EngineError("engine_crashed", [`${error}`]);
    }
    sweepFlows(host);

    const nothing = () => {};
    deliver({
        __proto__: null,
        create: config => {
            const texts = toTexts([config.issuerUri, config.clientId, config.scope]);
            return enter(() => {
                memory.write(texts);
                return exports.create(numberOf(config.mode), config.metadata ? hold(config.metadata) : 0);
            });
        },
        discover: client => start([], task => exports.discover(task, client), fields => fields[0]!),
        prepare: (client, redirectUri, visit) =>
            start([redirectUri], task => exports.prepare(task, client, visit), fields => fields),
        push: (client, url, isBound, changed) =>
            start([url, ...changed], task => exports.push(task, client, isBound ? 1 : 0), fields => fields[0]),
        redeem: async (client, response, extraTokenParams) => {
            const texts = noTexts();
            for (let i = 0; i < response.length; i++) {
                texts[texts.length++] = response[i]![0];
                texts[texts.length++] = response[i]![1];
            }
            const count = texts.length / 2;
            await safe(start(addPairs(texts, extraTokenParams), task => exports.redeem(task, client, count), nothing));
            return tokens(client)!;
        },
        renew: async (client, extraTokenParams) => {
            await safe(start(addPairs(noTexts(), extraTokenParams), task => exports.renew(task, client), nothing));
            return tokens(client)!;
        },
        tokens,
        logout: (client, redirectUri) => start([redirectUri], task => exports.logout(task, client), fields => fields[0]),
        boundToken: accessToken => bound[accessToken],
        holdsBoundToken: text => {
            for (const token in bound) {
                if (host.String.includes(text, token)) {
                    return true;
                }
            }
            return false;
        },
        authorize,
        observe: (attempt, { status, dpopNonce, wwwAuthenticate, date }, isReplayable, end) => {
            // Fields that are left out are empty.
            const texts = wwwAuthenticate || end ? [dpopNonce ?? "", end?.origin ?? "", end?.path ?? "", wwwAuthenticate ?? ""] : dpopNonce ? [dpopNonce] : [];
            const run = (task: number) => exports.observe(task, attempt, toMillis(date), isReplayable ? 1 : 0, end?.isSlash ? 1 : 0);
            // Only a 401 is a task. After any other response nothing is sent again.
            return status === 401
                ? start(texts, run, toUpgrade)
                : enter(() => {
                      memory.write(toTexts(texts));
                      run(0);
                      return undefined;
                  });
        },
        release,
        clockOffset: client => enter(() => exports.offset(client))
    });
};
