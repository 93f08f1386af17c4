/**
 * The page's side of `countersign/worker`. Nothing that comes from the worker is believed: the
 * engine signs for the app's origins and for this client's tokens only.
 *
 * It imports nothing of the core: bundlers would take what both need out of the core's one file, and
 * list there what must be loaded with this one.
 */
import type { Attempt, Bare, ClientHandle, End, Engine, EngineHost, ObservedResponse, Upgrade } from "../../engine/interface.js";
import { membersOf, type Members, type Saved } from "./members.js";
import { HELLO, type Answer } from "./protocol.js";
import type { Safe } from "../../page/safe.js";

/** Requests whose responses the worker has not reported. */
const MOST_ATTEMPTS = 256;

const isText = (value: unknown): value is string => typeof value === "string";
const textOrNull = (value: unknown): string | null => (isText(value) ? value : null);

const own = <T extends object>(given: T | null | undefined): T => ({ __proto__: null, ...given }) as object as T;

/** Looked up by name, so that no patched method answers. */
type Names = { readonly [origin: string]: true | undefined };

function readOrigins(how: { origins: readonly string[] }, { isArray, parseUrl }: EngineHost): Names {
    const given = own(how);
    for (const name in given) {
        if (name !== "origins") {
            throw new TypeError(`countersign: connectWorker() has no option "${name}", only "origins".`);
        }
    }
    const refuse = (): never => {
        throw new TypeError('countersign: "origins" of connectWorker() must be a list of origins, like ["https://api.example.com"].');
    };
    const list: readonly unknown[] = isArray(given.origins) ? given.origins : [];
    const names = { __proto__: null } as object as Record<string, true>;
    for (let i = 0; i < list.length; i++) {
        const name = list[i];
        let isOrigin = false;
        try {
            // Of other schemes, only those of WebSocket and FTP have origins.
            isOrigin = isText(name) && name[0] === "h" && parseUrl(name).origin === name;
        } catch {
            // Not a URL.
        }
        isOrigin ? (names[name as string] = true) : refuse();
    }
    return list.length === 0 ? refuse() : names;
}

/** A worker that is connected to a client. */
interface Connection {
    readonly reference: WeakRef<Worker>;
    readonly port: MessagePort;
    origins: Names;
    next: Connection | undefined;
}

/** The connected workers of a client. */
export interface Workers {
    readonly connect: (worker: Worker, how: { origins: readonly string[] }) => void;
    /** Tells all workers a token, on the channel of the app's own messages and before they bring it. */
    readonly announce: (token: string) => void;
}

/**
 * What this module may ask of the engine: no more than a worker's script may ask for by `connectWorker`.
 * It is loaded late, and a script that knows its URL can put another in its place (by an import map).
 */
export type Signer = Bare & Pick<Engine, "authorize" | "boundToken" | "observe" | "release">;

/** `token`: the one that the page has now. */
export function connectWorkers(
    client: ClientHandle,
    signer: Signer,
    natives: EngineHost,
    saved: Saved,
    safe: Safe,
    toFailure: (error: unknown) => Promise<Error>,
    token: () => string
): Workers {
    const messaging = membersOf(saved);
    let connections: Connection | undefined;
    // Tokens that are not bound pass through the worker as they are.
    const hello = (worker: Worker, token: string, ports: readonly MessagePort[]) =>
        messaging.postToWorker(worker, { __proto__: null, [HELLO]: [client, signer.boundToken(token) && token] }, ports);
    return {
        connect: (worker, how) => {
            const origins = readOrigins(how, natives);
            try {
                messaging.checkWorker(worker);
            } catch {
                throw new TypeError(
                    "countersign: connectWorker() takes a dedicated Worker; shared and service workers use createDPoP() of countersign/proofs."
                );
            }
            for (let connection = connections; connection; connection = connection.next) {
                if (messaging.deref(connection.reference) === worker) {
                    // It keeps its port, so that no question under way is lost.
                    connection.origins = origins;
                    hello(worker, token(), []);
                    return;
                }
            }
            const channel = messaging.newChannel();
            const port = messaging.port1(channel) as MessagePort;
            const connection = { reference: messaging.newReference(worker), port, origins, next: connections };
            connections = connection;
            answerWorker(client, signer, natives, messaging, safe, toFailure, connection);
            hello(worker, token(), [messaging.port2(channel)]);
        },
        announce: token => {
            let previous: Connection | undefined;
            for (let connection = connections; connection; connection = connection.next) {
                const worker = messaging.deref(connection.reference);
                if (worker) {
                    hello(worker, token, []);
                    previous = connection;
                    continue;
                }
                // The app has dropped it.
                messaging.close(connection.port);
                previous ? (previous.next = connection.next) : (connections = connection.next);
            }
        }
    };
}

/** Answers the questions of a worker. */
function answerWorker(
    client: ClientHandle,
    signer: Signer,
    { parseUrl }: EngineHost,
    { data: dataOf, listen, post }: Members,
    safe: Safe,
    toFailure: (error: unknown) => Promise<Error>,
    connection: Connection
): void {
    const { port } = connection;
    /** The origins of those whose responses the worker has not reported, by number. */
    const attempts = { __proto__: null } as object as Record<Attempt, string>;
    let count = 0;
    /** Returns the attempt's origin, if it is one of this worker's. */
    const take = (attempt: unknown): string | undefined => {
        const origin = typeof attempt === "number" ? attempts[attempt as Attempt] : undefined;
        if (origin !== undefined) {
            delete attempts[attempt as Attempt];
            count--;
        }
        return origin;
    };
    const answer = (...message: Answer) => post(port, message);

    const isAllowed = (origin: string): boolean => connection.origins[origin] === true;
    const refuse = (origin: string): never => {
        throw new Error(`${origin} is not among the origins of connectWorker()`);
    };

    const give = (id: number, origin = "", upgrade?: Upgrade): void => {
        if (upgrade) {
            if (count === MOST_ATTEMPTS) {
                for (const name in attempts) {
                    const attempt = +name as Attempt;
                    take(attempt) !== undefined && signer.release(attempt);
                    break;
                }
            }
            attempts[upgrade.attempt] = origin;
            count++;
        }
        answer(id, upgrade?.proof, upgrade?.attempt, undefined);
    };

    /** Parsed again: `path` may not begin with a slash, and then it would be part of the host. */
    const targetOf = (origin: unknown, path: unknown) => {
        if (!isText(origin) || !isText(path)) {
            throw new TypeError("not a question");
        }
        return parseUrl(origin + path);
    };

    const authorize = async (id: number, method: unknown, from: unknown, to: unknown, token: unknown): Promise<void> => {
        const { origin, path } = targetOf(from, to);
        if (!isText(method) || !isText(token)) {
            throw new TypeError("not a question");
        }
        isAllowed(origin) || refuse(origin);
        const bound = signer.boundToken(token);
        if (bound?.client !== client) {
            throw new Error("the token does not belong to the client that connected this worker");
        }
        const upgrade = await safe(signer.authorize(method, origin, path, bound));
        if (!isAllowed(origin)) {
            // The app has taken the origin from the worker meanwhile.
            signer.release(upgrade.attempt);
            refuse(origin);
        }
        give(id, origin, upgrade);
    };

    const observe = async (id: number, attempt: unknown, response: unknown, isReplayable: unknown, end: unknown): Promise<void> => {
        const { status, dpopNonce, wwwAuthenticate, date } = own(response as ObservedResponse);
        const { origin: from, path: to, isSlash } = own(end as End);
        // The engine follows no redirect to another origin.
        const reached = from === undefined ? undefined : targetOf(from, to);
        const origin = take(attempt);
        if (origin === undefined || !isAllowed(origin)) {
            origin !== undefined && signer.release(attempt as Attempt);
            give(id);
            return;
        }
        const again = await safe(
            signer.observe(
                attempt as Attempt,
                { status: typeof status === "number" ? status : 0, dpopNonce: textOrNull(dpopNonce), wwwAuthenticate: textOrNull(wwwAuthenticate), date: textOrNull(date) },
                isReplayable === true,
                reached && { origin: reached.origin, path: reached.path, isSlash: isSlash === true }
            )
        );
        if (again && !isAllowed(origin)) {
            signer.release(again.attempt);
            give(id);
            return;
        }
        give(id, origin, again);
    };

    listen(port, async (event: MessageEvent<unknown>) => {
        // Each event has this member itself.
        if (!event.isTrusted) {
            return;
        }
        const { 0: id, 1: what, 2: a, 3: b, 4: c, 5: d } = own(dataOf(event) as Record<number, unknown>);
        if (what === "release") {
            take(a) !== undefined && signer.release(a as Attempt);
            return;
        }
        try {
            if (what === "authorize") {
                await safe(authorize(id as number, a, b, c, d));
            } else if (what === "observe") {
                await safe(observe(id as number, a, b, c, d));
            } else {
                give(id as number);
            }
        } catch (error) {
            answer(id as number, undefined, undefined, (await safe(toFailure(error))).message);
        }
    });
}
