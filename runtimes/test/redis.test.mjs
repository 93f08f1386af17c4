// The replay store in Redis, by both clients, against a server that the test starts on a free port.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, test } from "node:test";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { startRedis } from "./processes.mjs";
import { client, countersign, headersFor, issuer, OPTIONS } from "./support.mjs";

const { createResourceServer, redisReplayStore } = countersign;

let port, redis;

const ignoring = one => {
    one.on("error", () => {});
    return one;
};

const CLIENTS = {
    ioredis: {
        connect: async () => {
            const one = ignoring(new Redis(port, "127.0.0.1"));
            await once(one, "ready");
            return one;
        },
        raw: (one, ...command) => one.call(...command),
        close: one => one.disconnect()
    },
    redis: {
        connect: async () => {
            const one = ignoring(createClient({ socket: { port, host: "127.0.0.1" } }));
            await one.connect();
            return one;
        },
        raw: (one, ...command) => one.sendCommand(command),
        close: one => one.destroy()
    }
};

before(async () => {
    redis = await startRedis();
    ({ port } = redis);
});
after(() => redis?.stop());
beforeEach(async () => {
    const one = await CLIENTS.ioredis.connect();
    await one.flushall();
    one.disconnect();
});

const decide = (server, headers) =>
    server.decide({ method: "GET", target: "/notes", authorization: [headers[0][1]], dpop: [headers[1][1]] });

// A loaded machine is no reason to fail; the deadline has tests of its own.
const PATIENT = { replayDeadline: 5_000 };

for (const [name, { connect, raw, close }] of Object.entries(CLIENTS)) {
    const withServer = async (options, run) => {
        const one = await connect();
        try {
            return await run(createResourceServer({ ...OPTIONS, replayStore: redisReplayStore(one), ...PATIENT, ...options }), one);
        } finally {
            close(one);
        }
    };

    test(`${name}: a proof is accepted once by two processes`, async () => {
        await withServer({}, async (here, one) => {
            await withServer({}, async there => {
                const headers = headersFor("/notes");
                const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => decide(i % 2 ? here : there, headers)));
                assert.equal(answers.filter(({ isAccepted }) => isAccepted).length, 1);
                assert.ok(answers.every(({ isAccepted, name }) => isAccepted || name === "Replayed"));
                assert.equal(await raw(one, "DBSIZE"), 1);
            });
        });
    });

    test(`${name}: the key and its end are those of conformance/shared-replay.json, in one SET`, async () => {
        const { entries } = JSON.parse(await readFile(new URL("../../conformance/shared-replay.json", import.meta.url), "utf8"));
        const one = await connect();
        const store = redisReplayStore(one);
        try {
            // The test's entries have ended; the same keys with an end ahead are kept until then.
            const ahead = Date.now() + 60_000;
            const keys = new Set(entries.map(({ key }) => key));
            for (const key of keys) {
                const first = await store.insert(Buffer.from(key, "hex"), ahead);
                assert.equal(first.wasNew, true);
                assert.ok(Math.abs(first.storeNow - Date.now()) < 30_000);
                assert.equal((await store.insert(Buffer.from(key, "hex"), ahead)).wasNew, false);
            }
            const written = [];
            const lister = new Redis(port, "127.0.0.1");
            for (const key of await lister.keysBuffer("*")) {
                written.push(key.toString("hex"));
                assert.equal(await lister.call("PEXPIRETIME", key), ahead);
            }
            lister.disconnect();
            assert.deepEqual(written.sort(), [...keys].sort());
        } finally {
            close(one);
        }
    });

    test(`${name}: a proof that has ended by the clock of Redis is not accepted`, async () => {
        await withServer({ now: () => Date.now() - 3600_000 }, async server => {
            const iat = Math.floor(Date.now() / 1000) - 3600;
            const exp = iat + 300;
            const token = issuer.token(client, { iat, exp });
            const refused = await decide(server, headersFor("/notes", { token, claims: { iat } }));
            assert.deepEqual([refused.status, refused.name], [503, "Stale"]);
        });
    });

    test(`${name}: nothing is accepted while Redis is away, and requests are served when it is back`, async () => {
        await withServer({}, async (server, one) => {
            assert.ok((await decide(server, headersFor("/notes"))).isAccepted);
            await redis.stop();
            // The client notices.
            while (name === "redis" ? one.isReady : one.status === "ready") {
                await new Promise(resolve => setTimeout(resolve, 10));
            }
            for (let i = 0; i < 20; i++) {
                const refused = await decide(server, headersFor("/notes"));
                assert.deepEqual([refused.status, refused.name], [503, "ReplayStoreUnavailable"]);
                assert.equal(refused.headers.find(([name]) => name === "retry-after")[1], "2");
            }
            redis = await startRedis(port);
            const limit = Date.now() + 60_000;
            for (;;) {
                const decision = await decide(server, headersFor("/notes"));
                if (decision.isAccepted) {
                    break;
                }
                assert.ok(Date.now() < limit, decision.reason);
                await new Promise(resolve => setTimeout(resolve, 50));
            }
        });
    });

    test(`${name}: a Redis that does not answer within the deadline costs a request no more than that`, async () => {
        await withServer({ replayDeadline: 50 }, async server => {
            redis.signal("SIGSTOP");
            try {
                const refused = await decide(server, headersFor("/notes"));
                assert.deepEqual([refused.status, refused.name], [503, "ReplayStoreUnavailable"]);
            } finally {
                redis.signal("SIGCONT");
            }
        });
    });

    test(`${name}: a Redis without memory, or that refuses to write, accepts nothing`, async () => {
        await withServer({}, async (server, one) => {
            await raw(one, "CONFIG", "SET", "maxmemory", "1");
            try {
                assert.equal((await decide(server, headersFor("/notes"))).name, "ReplayStoreUnavailable");
            } finally {
                await raw(one, "CONFIG", "SET", "maxmemory", "0");
            }
            assert.ok((await decide(server, headersFor("/notes"))).isAccepted);
        });
    });
}
