// node conformance/generate/shared-replay.mjs : writes conformance/shared-replay.json, with Node's
// own SHA-256 and arithmetic.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { NOW, publicJwk, thumbprint } from "./build.mjs";

const PREFIX = "dpop:";
const FINGERPRINT_BYTES = 16;

const entry = (jkt, jti, until, skewSeconds) => {
    const digest = createHash("sha256").update(Buffer.from(jkt, "base64url")).update(jti).digest();
    const key = Buffer.concat([Buffer.from(PREFIX), digest.subarray(0, FINGERPRINT_BYTES)]);
    return { jkt, jti, until, skewSeconds, key: key.toString("hex"), expiresAtMillis: (until + 1 + skewSeconds) * 1000 };
};

const client = thumbprint(publicJwk("client"));
const zero = Buffer.alloc(32).toString("base64url");
const entries = [
    entry(client, "-BwC3ESc6acc2lTc", NOW + 60, 5),
    entry(client, "-BwC3ESc6acc2lTc", NOW + 61, 5),
    entry(client, "-BwC3ESc6acc2lTd", NOW + 60, 5),
    entry(zero, "-BwC3ESc6acc2lTc", NOW + 60, 5),
    entry(client, "a", NOW + 60, 0),
    entry(client, "é\u{10ffff} \u0000", NOW + 60, 60),
    entry(client, "x".repeat(256), NOW + 60, 5),
    entry(zero, "0", 0, 0)
];
const until = NOW + 60;
const answers = [
    { until, skewSeconds: 5, wasNew: true, storeNowMillis: NOW * 1000, outcome: "accepted" },
    { until, skewSeconds: 5, wasNew: true, storeNowMillis: (NOW + 66) * 1000 - 1, outcome: "accepted" },
    { until, skewSeconds: 5, wasNew: true, storeNowMillis: (NOW + 66) * 1000, outcome: "stale" },
    { until, skewSeconds: 5, wasNew: false, storeNowMillis: NOW * 1000, outcome: "replayed" },
    { until, skewSeconds: 5, wasNew: false, storeNowMillis: (NOW + 66) * 1000, outcome: "replayed" }
];
const lines = list => list.map(one => `    ${JSON.stringify(one)}`).join(",\n");
writeFileSync(
    new globalThis.URL("../shared-replay.json", import.meta.url),
    `{
"prefix": ${JSON.stringify(PREFIX)},
"keyBytes": ${PREFIX.length + FINGERPRINT_BYTES},
"entries": [
${lines(entries)}
],
"answers": [
${lines(answers)}
]
}
`
);
