/**
 * The engine's exports as an `Engine`. The other side is `crates/countersign-browser/src/engine.rs`.
 *
 * Numbers travel as arguments, strings as messages: bytes in linear memory, each field ended by 0xFF (`message.rs`).
 * A trap leaves the engine half-changed: it is discarded, and every later call fails with `engine_crashed`.
 */
import type { EngineErrorCode } from "./codes.js";
import { sweepFlows } from "./flows.js";
import { makeImports, toMillis, type HostTable, type Memory } from "./host.js";
import { EngineError } from "./interface.js";
import type { Attempt, ClientHandle, Engine, EngineHost, Tokens, Upgrade } from "./interface.js";

interface Exports {
    readonly memory: WebAssembly.Memory;
    reserve(length: number): number;
    settle(call: number, status: number, time: number, handle: number): void;
    create(mode: number, metadata: number): ClientHandle;
    login(task: number, client: ClientHandle, silent: boolean, interactive: boolean): void;
    complete(task: number, client: ClientHandle, count: number): void;
    renew(task: number, client: ClientHandle): void;
    logout(task: number, client: ClientHandle): void;
    tokens(client: ClientHandle): void;
    is_bound(): number;
    offset(client: ClientHandle): number;
    authorize(task: number): void;
    observe(task: number, attempt: Attempt, status: number, date: number, isReplayable: boolean): void;
    release(attempt: Attempt): void;
}

type Finished = readonly [fields: string[], attempt: Attempt];
type Settle = readonly [resolve: (value: Finished) => void, reject: (error: unknown) => void];

const END = 0xff;
const MODES = ["off", "auto", "enforced"];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const startEngine = async (bytes: BufferSource, host: EngineHost): Promise<Engine> => {
    const table: HostTable = new Map();
    const pending = new Map<number, Settle>();
    let lastTask = 0;
    let crash: EngineError | undefined;
    let answered: Tokens | undefined;

    const view = (pointer: number, length?: number) =>
        new Uint8Array(exports.memory.buffer as ArrayBuffer, pointer, length);

    const memory: Memory = {
        bytes: view,
        text: (pointer, length) => decoder.decode(view(pointer, length)),
        fields: message => {
            const fields: string[] = [];
            for (let start = 0, end; (end = message.indexOf(END, start)) >= 0; start = end + 1) {
                fields.push(decoder.decode(message.subarray(start, end)));
            }
            return fields;
        },
        write: message => {
            if (message instanceof Uint8Array) {
                const at = exports.reserve(message.length);
                view(at).set(message);
                return;
            }
            let at = exports.reserve(message.reduce((length, field) => length + 3 * field.length + 1, 0));
            for (const field of message) {
                at += encoder.encodeInto(field, view(at)).written;
                view(at)[0] = END;
                at++;
            }
        },
        settle: (call, { status = 1, time = NaN, handle = 0, message = [] }) => {
            try {
                enter(() => {
                    memory.write(message);
                    exports.settle(call, status, time, handle);
                });
            } catch {
                // Crashed: every task has been told.
            }
        }
    };

    /** Everything that runs the engine goes through here. */
    const enter = <T>(run: () => T): T => {
        if (!crash) {
            try {
                return run();
            } catch {
                crash = new EngineError("engine_crashed", []);
                for (const [, reject] of pending.values()) {
                    reject(crash);
                }
            }
        }
        throw crash!;
    };

    const start = (message: readonly string[], run: (task: number) => void): Promise<Finished> =>
        new Promise((resolve, reject) => {
            enter(() => {
                pending.set(++lastTask, [resolve, reject]);
                memory.write(message);
                run(lastTask);
            });
        });

    const tokens = (client: ClientHandle): Tokens | undefined => {
        answered = undefined;
        enter(() => exports.tokens(client));
        return answered;
    };

    const toUpgrade = ([[authorization, proof], attempt]: Finished): Upgrade | undefined =>
        proof === undefined ? proof : { authorization: authorization!, proof, attempt };

    const release = (attempt: Attempt): void => enter(() => exports.release(attempt));

    const authorize = async (message: string[], signal?: AbortSignal): Promise<Upgrade> => {
        const started = start(message, task => exports.authorize(task));
        let abort: (() => void) | undefined;
        try {
            const upgrade = toUpgrade(
                await (signal
                    ? new Promise<Finished>((resolve, reject) => {
                          abort = () => reject(signal.reason);
                          signal.aborted ? abort() : signal.addEventListener("abort", abort);
                          started.then(resolve, reject);
                      })
                    : started)
            );
            if (!upgrade) {
                throw new EngineError("token_unknown", []);
            }
            return upgrade;
        } catch (error) {
            // Whoever waits for this one's nonce goes on.
            started.then(([, attempt]) => release(attempt)).catch(() => {});
            throw error;
        } finally {
            signal?.removeEventListener("abort", abort!);
        }
    };

    const { imports, hold } = makeImports(host, memory, table);
    const boundary = {
        ...imports,
        finish: (task: number, isSuccess: number, pointer: number, length: number, attempt: Attempt) => {
            const [resolve, reject] = pending.get(task)!;
            const fields = memory.fields(view(pointer, length));
            pending.delete(task);
            isSuccess
                ? resolve([fields, attempt])
                : reject(new EngineError(fields.shift() as EngineErrorCode, fields));
        },
        tokens: (
            pointer: number,
            length: number,
            accessTokenExpirationTime: number,
            refreshTokenExpirationTime: number,
            claims: number,
            isBound: number,
            clockOffset: number
        ) => {
            const [accessToken, idToken, refreshToken] = memory.fields(view(pointer, length)) as [string, string, string];
            answered = {
                accessToken,
                accessTokenExpirationTime,
                idToken,
                idTokenClaims: table.get(claims) as Record<string, unknown>,
                refreshToken: refreshToken || undefined,
                refreshTokenExpirationTime: refreshTokenExpirationTime || undefined,
                isBound: !!isBound,
                clockOffset
            };
        }
    };
    let exports: Exports;
    try {
        exports = (await WebAssembly.instantiate(bytes, { host: boundary })).instance.exports as unknown as Exports;
    } catch (error) {
        const isForbidden = !globalThis.WebAssembly || error instanceof WebAssembly.CompileError;
        throw new EngineError(isForbidden ? "wasm_refused" : "engine_crashed", [`${error}`]);
    }
    sweepFlows(host);

    return {
        create: config =>
            enter(() => {
                memory.write([config.issuerUri, config.clientId, config.scope]);
                return exports.create(MODES.indexOf(config.mode), config.metadata ? hold(config.metadata) : 0);
            }),
        login: async (client, { redirectUri, silent, interactive, extraQueryParams }) => {
            const [[url, state]] = await start([redirectUri, ...Object.entries(extraQueryParams).flat()], task =>
                exports.login(task, client, silent, interactive)
            );
            return { url: url!, state: state! };
        },
        complete: async (client, response, extraTokenParams = {}) => {
            const parameters = Object.entries(response).flat();
            await start([...parameters, ...Object.entries(extraTokenParams).flat()], task =>
                exports.complete(task, client, parameters.length / 2)
            );
            return tokens(client)!;
        },
        renew: async (client, extraTokenParams) => {
            await start(Object.entries(extraTokenParams).flat(), task => exports.renew(task, client));
            return tokens(client)!;
        },
        tokens,
        logout: async (client, redirectUri) => (await start([redirectUri], task => exports.logout(task, client)))[0][0],
        isBoundToken: accessToken =>
            enter(() => {
                memory.write([accessToken]);
                return !!exports.is_bound();
            }),
        authorize: (method, origin, path, accessToken, signal) =>
            authorize([method, origin, path, accessToken], signal),
        observe: async (attempt, { status, dpopNonce, wwwAuthenticate, date }, isReplayable) =>
            toUpgrade(
                await start([dpopNonce ?? "", wwwAuthenticate ?? ""], task =>
                    exports.observe(task, attempt, status, toMillis(date), isReplayable)
                )
            ),
        release,
        clockOffset: client => enter(() => exports.offset(client))
    };
};
