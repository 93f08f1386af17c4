/**
 * A replay store in Redis or Valkey, shared by all processes of an API, whatever language they are
 * written in: the engine gives keys and ends in the form of `conformance/shared-replay.json`.
 */
import type { ReplayStore } from "./options.js";

/** A client of the package `ioredis`. */
export interface IoRedis {
    call(...command: never[]): Promise<unknown>;
    readonly status: string;
}

/** A client of the package `redis`. */
export interface NodeRedis {
    sendCommand(args: never): Promise<unknown>;
    readonly isReady: boolean;
}

export interface RedisReplayStoreOptions {
    /** How far the clocks of the servers that share the store may be apart, in seconds. Default: 5. */
    skew?: number | undefined;
}

/** More proofs that wait at a time would only wait in vain. */
const MOST_WAITING = 10_000;

/** A state of `ioredis` in which it would keep commands for later. */
const AWAY = new Set(["reconnecting", "close", "end"]);

interface Command {
    isAway: () => boolean;
    send: (...command: (string | Uint8Array)[]) => Promise<unknown>;
}

const refused = (why: string): TypeError =>
    new TypeError(`countersign/server: redisReplayStore takes a connected client of one Redis, by \`ioredis\` or \`redis\`; ${why}`);

const commandOf = (client: IoRedis | NodeRedis): Command => {
    if (typeof client !== "object" || client === null) {
        throw refused("this is none");
    }
    // `TIME` would go to any node: its clock says nothing of the one that has forgotten a proof.
    if ((client as { isCluster?: unknown }).isCluster === true || "nodes" in client || "masters" in client) {
        throw refused("this is one of a cluster, and no cluster can serve: `TIME` would be another node's than the key's");
    }
    if (typeof ("call" in client ? client.call : client.sendCommand) !== "function") {
        throw refused("this is none");
    }
    if ("call" in client) {
        return {
            isAway: () => AWAY.has(client.status),
            send: (...command) => client.call(...(command as never[]))
        };
    }
    return {
        isAway: () => !client.isReady,
        send: (...command) => client.sendCommand(command as never)
    };
};

/**
 * Remembers used proofs in Redis 6.2 or later, or Valkey, through a client that you have connected
 * (`ioredis` or `redis`). Each proof is one `SET key 1 NX PXAT end` and one `TIME`, sent together.
 *
 * Redis must not evict keys that have an end (`maxmemory-policy noeviction`): a forgotten proof can
 * be used again. Nothing is accepted while it can't be reached. A cluster's client is refused by a
 * `TypeError`.
 */
export const redisReplayStore = (client: IoRedis | NodeRedis, { skew = 5 }: RedisReplayStoreOptions = {}): ReplayStore => {
    const { isAway, send } = commandOf(client);
    const { Buffer } = globalThis as unknown as { Buffer: { from(bytes: Uint8Array): Uint8Array } };
    let waiting = 0;
    return {
        skew,
        insert: async (key, expiresAt) => {
            // A client without a connection keeps commands, and memory, until it has one.
            if (isAway() || waiting >= MOST_WAITING) {
                throw new Error(isAway() ? "the Redis client has no connection" : `${MOST_WAITING} proofs wait for Redis`);
            }
            waiting++;
            try {
                const [set, time] = await Promise.all([
                    send("SET", Buffer.from(key), "1", "NX", "PXAT", `${expiresAt}`),
                    send("TIME")
                ]);
                const [seconds, microseconds] = time as [string, string];
                const storeNow = Number(seconds) * 1000 + Number(microseconds) / 1000;
                if (set !== null && `${set}` !== "OK") {
                    throw new Error(`Redis answered ${set} to SET`);
                }
                return { wasNew: set !== null, storeNow };
            } finally {
                waiting--;
            }
        }
    };
};
