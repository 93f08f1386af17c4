/**
 * The page's side of `countersign/worker`. Nothing that comes from the worker is believed: the
 * engine signs for the app's origins and for this client's tokens only.
 *
 * It imports nothing of the core: bundlers would take what both need out of the core's one file.
 */
import type { Attempt, End, EngineHost, ObservedResponse, Upgrade } from "../../engine/interface.js";
import type { Context } from "../context.js";
import type { Oidc } from "../types.js";
import { HELLO, type Answer } from "./protocol.js";
import { safe } from "../../page/safe.js";

/** Requests whose responses the worker has not reported. */
const MOST_ATTEMPTS = 256;

/** Throws for everything but a dedicated worker. */
const isWorker = Object.getOwnPropertyDescriptor(Worker.prototype, "onmessage")!.get!;

const isText = (value: unknown): value is string => typeof value === "string";
const textOrNull = (value: unknown): string | null => (isText(value) ? value : null);

const own = <T extends object>(given: T | null | undefined): T => ({ __proto__: null, ...given }) as object as T;

function readOrigins(how: { origins: readonly string[] }, parseUrl: EngineHost["parseUrl"]): ReadonlySet<string> {
    const { origins, ...others } = own(how);
    for (const name of Object.keys(others)) {
        throw new TypeError(`countersign: connectWorker() has no option "${name}", only "origins".`);
    }
    const list = Array.isArray(origins) ? [...(origins as unknown[])] : [];
    const isOrigin = (origin: unknown) => {
        try {
            return isText(origin) && /^https?:/.test(origin) && parseUrl(origin).origin === origin;
        } catch {
            return false;
        }
    };
    if (list.length === 0 || !list.every(isOrigin)) {
        throw new TypeError('countersign: "origins" of connectWorker() must be a list of origins, like ["https://api.example.com"].');
    }
    return new Set(list as string[]);
}

export function connectWorker(
    { engine, client }: Context,
    { parseUrl }: EngineHost,
    toFailure: (error: unknown) => Promise<Error>,
    listeners: Set<(tokens: Oidc.Tokens<Record<string, unknown>>) => void>,
    worker: Worker,
    how: { origins: readonly string[] }
): void {
    const origins = readOrigins(how, parseUrl);
    try {
        isWorker.call(worker);
    } catch {
        throw new TypeError("countersign: connectWorker() takes a dedicated Worker; shared and service workers use createDPoP() of countersign/proofs.");
    }
    const attempts = new Set<Attempt>();
    const { port1: port, port2 } = new MessageChannel();
    const answer = (...message: Answer) => port.postMessage(message);

    const give = (id: number, upgrade: Upgrade | undefined): void => {
        if (upgrade) {
            if (attempts.size === MOST_ATTEMPTS) {
                for (const oldest of attempts) {
                    attempts.delete(oldest);
                    engine.release(oldest);
                    break;
                }
            }
            attempts.add(upgrade.attempt);
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

    const authorize = async (method: unknown, origin: unknown, path: unknown, token: unknown): Promise<Upgrade> => {
        const target = targetOf(origin, path);
        if (!isText(method) || !isText(token)) {
            throw new TypeError("not a question");
        }
        if (!origins.has(target.origin)) {
            throw new Error(`${target.origin} is not among the origins of connectWorker()`);
        }
        const bound = engine.boundToken(token);
        if (bound?.client !== client) {
            throw new Error("the token does not belong to the client that connected this worker");
        }
        return await safe(engine.authorize(method, target.origin, target.path, bound));
    };

    const observe = async (attempt: unknown, response: unknown, isReplayable: unknown, end: unknown): Promise<Upgrade | undefined> => {
        if (!attempts.has(attempt as Attempt)) {
            return undefined;
        }
        const { status, dpopNonce, wwwAuthenticate, date } = own(response as ObservedResponse);
        const { origin, path, isSlash } = own(end as End);
        // The engine follows no redirect to another origin.
        const reached = origin === undefined ? undefined : targetOf(origin, path);
        attempts.delete(attempt as Attempt);
        return await safe(
            engine.observe(
                attempt as Attempt,
                { status: Number(status), dpopNonce: textOrNull(dpopNonce), wwwAuthenticate: textOrNull(wwwAuthenticate), date: textOrNull(date) },
                isReplayable === true,
                reached && { origin: reached.origin, path: reached.path, isSlash: isSlash === true }
            )
        );
    };

    port.onmessage = async ({ data }: MessageEvent<unknown>) => {
        const { 0: id, 1: what, 2: a, 3: b, 4: c, 5: d } = own(data as Record<number, unknown>);
        if (what === "release") {
            attempts.delete(a as Attempt) && engine.release(a as Attempt);
            return;
        }
        try {
            const upgrade = what === "authorize" ? await safe(authorize(a, b, c, d)) : what === "observe" ? await safe(observe(a, b, c, d)) : undefined;
            give(id as number, upgrade);
        } catch (error) {
            answer(id as number, undefined, undefined, (await safe(toFailure(error))).message);
        }
    };

    listeners.add(({ accessToken }) => answer(0, accessToken));
    worker.postMessage({ __proto__: null, [HELLO]: engine.tokens(client)?.accessToken }, [port2]);
}
