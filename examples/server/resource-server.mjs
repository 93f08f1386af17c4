// What the four programs share: whose tokens this API takes, and where clients call it.
import { createResourceServer, redisReplayStore } from "countersign/server";

const { ISSUER = "http://localhost:9441", PUBLIC_URL = "http://localhost:9442", REDIS, REPLAY_DEADLINE = "50" } = process.env;

/** With several processes, used proofs are remembered in one place. */
const sharedStore = async url => {
    const { Redis } = await import("ioredis");
    return redisReplayStore(new Redis(url));
};

export const server = createResourceServer({
    publicUrl: PUBLIC_URL,
    issuer: ISSUER,
    audience: PUBLIC_URL,
    metadata: { resource: PUBLIC_URL },
    replayStore: REDIS && (await sharedStore(REDIS)),
    replayDeadline: Number(REPLAY_DEADLINE) // milliseconds
});

export const port = Number(process.env.PORT ?? 9442);
export const started = address => console.log(`port ${address.port}`);

const notes = new Map();
/** The caller's notes. */
export const notesOf = auth => notes.get(auth.claims.sub) ?? notes.set(auth.claims.sub, ["buy milk"]).get(auth.claims.sub);
