/** The worker's side: the page's hooks, over an engine that is asked through a port. */
import { installInterceptors } from "../core/interceptors/index.js";
import { HELLO, type Answer, type Question } from "../core/worker/protocol.js";
import type { Attempt, BoundToken, ClientHandle, Engine, Upgrade } from "../engine/interface.js";
import { installHooks, type Hooks } from "../entry/hooks.js";
import { own } from "../page/own.js";
import { safe } from "../page/safe.js";

type Asked = { readonly resolve: (upgrade: Upgrade | undefined) => void; readonly reject: (error: Error) => void };
/** Without its number. */
type Unnumbered<Q> = Q extends readonly [number, ...infer Rest] ? Rest : never;

/** The connection to one client of the page. */
interface Connection {
    readonly ask: (...question: Unnumbered<Question>) => Promise<Upgrade | undefined>;
    readonly release: (attempt: Attempt) => void;
}

/** Waits for the page, and passes everything through until it connects this worker. */
export function startWorker(): void {
    if (typeof document === "object" || typeof XMLHttpRequest === "undefined") {
        throw new TypeError("countersign: import countersign/worker in the script of a dedicated worker only.");
    }
    const tokens = new Map<string, Connection>();
    // Attempts of several clients have numbers of one engine.
    const owners = new Map<Attempt, Connection>();
    const hooks = installHooks();
    const engine = remoteEngine(tokens, owners);
    installInterceptors(engine, "mozAnon" in XMLHttpRequest.prototype ? withoutXhr(engine, hooks) : hooks);
    const connections = new Map<unknown, Connection>();
    addEventListener("message", event => {
        const { isTrusted, data, ports } = event as MessageEvent<unknown>;
        if (isTrusted && typeof data === "object" && data && Object.hasOwn(data, HELLO)) {
            // The app does not see it.
            event.stopImmediatePropagation();
            const { 0: client, 1: token } = own((data as Record<string, Record<number, unknown>>)[HELLO]);
            const port = ports[0];
            port && connections.set(client, connect(port));
            const connection = connections.get(client);
            connection && typeof token === "string" && tokens.set(token, connection);
        }
    });
}

/**
 * In a worker, Firefox loses a request whose instance was opened a second time before it was sent:
 * no event comes any more. Ours are opened when the app does it, and again with the proof.
 */
const withoutXhr = (engine: Engine, hooks: Hooks): Hooks => ({
    ...hooks,
    __proto__: null,
    fillSlots: slots =>
        hooks.fillSlots({
            ...slots,
            __proto__: null,
            send: (_xhr, { headers }) => {
                // Names and values may be any that the platform converts.
                for (let header = headers; header; header = header.previous) {
                    if (`${header.name}`.toLowerCase() === "authorization" && engine.holdsBoundToken(`${header.value}`)) {
                        throw new DOMException("countersign: in Firefox, an XMLHttpRequest of a worker cannot carry a DPoP-bound token. Call fetch.", "NotSupportedError");
                    }
                }
                return false;
            }
        })
});

function connect(port: MessagePort): Connection {
    const waiting = new Map<number, Asked>();
    let lastId = 0;
    const post = (question: Question) => port.postMessage(question);
    const connection: Connection = {
        ask: (...question) =>
            new Promise((resolve, reject) => {
                waiting.set(++lastId, { resolve, reject });
                post([lastId, ...question] as Question);
            }),
        release: attempt => post([0, "release", attempt])
    };
    port.onmessage = ({ data }: MessageEvent<Answer>) => {
        const [id, proof, attempt, error] = data;
        const asked = waiting.get(id);
        waiting.delete(id);
        if (error !== undefined) {
            asked?.reject(new Error(error));
        } else {
            asked?.resolve(proof === undefined ? undefined : { __proto__: null, proof, attempt: attempt as Attempt });
        }
    };
    return connection;
}

/** What the interceptors use of an engine. */
function remoteEngine(tokens: Map<string, Connection>, owners: Map<Attempt, Connection>): Engine {
    const PREFIX = "DPoP ";
    const keep = (connection: Connection, upgrade: Upgrade | undefined): Upgrade | undefined => {
        upgrade && owners.set(upgrade.attempt, connection);
        return upgrade;
    };
    const take = (attempt: Attempt): Connection | undefined => {
        const owner = owners.get(attempt);
        owners.delete(attempt);
        return owner;
    };
    const engine: Pick<Engine, "boundToken" | "holdsBoundToken" | "authorize" | "observe" | "release"> = {
        boundToken: token =>
            tokens.has(token) ? ({ __proto__: null, authorization: PREFIX + token, client: 0 as ClientHandle, number: 0 } satisfies BoundToken) : undefined,
        holdsBoundToken: text => {
            for (const token of tokens.keys()) {
                if (text.includes(token)) {
                    return true;
                }
            }
            return false;
        },
        authorize: (method, origin, path, { authorization }, signal) =>
            new Promise((resolve, reject) => {
                const token = authorization.slice(PREFIX.length);
                const connection = tokens.get(token)!;
                const abort = () => reject(signal!.reason as Error);
                signal?.aborted ? abort() : signal?.addEventListener("abort", abort);
                const end = () => signal?.removeEventListener("abort", abort);
                connection.ask("authorize", method, origin, path, token).then(
                    upgrade => {
                        end();
                        if (signal?.aborted) {
                            upgrade && connection.release(upgrade.attempt);
                        } else {
                            resolve(keep(connection, upgrade)!);
                        }
                    },
                    (error: Error) => {
                        end();
                        reject(error);
                    }
                );
            }),
        observe: async (attempt, response, isReplayable, end) => {
            const connection = take(attempt)!;
            return keep(connection, await safe(connection.ask("observe", attempt, response, isReplayable, end)));
        },
        release: attempt => take(attempt)?.release(attempt)
    };
    return engine as Engine;
}
