// node conformance/generate/index.mjs : writes conformance/requests.json. A case whose meaning did
// not change is kept as it is, because ECDSA signatures are random.
import { readFileSync, writeFileSync } from "node:fs";
import { POLICIES, sha256 } from "./build.mjs";
import { cases } from "./cases.mjs";
import "./requests/syntax.mjs";
import "./requests/claims.mjs";
import "./requests/keys.mjs";
import "./requests/target.mjs";
import "./requests/time-and-nonce.mjs";
import "./requests/binding.mjs";
import "./requests/replay.mjs";
import "./requests/credentials.mjs";
import "./requests/tokens.mjs";

const file = new globalThis.URL("../requests.json", import.meta.url);

/** Returns a case without its random parts: signatures, and hashes of signed tokens. */
const meaning = one => {
    const tokens = one.steps.flatMap(({ request }) => request.headers.map(([, value]) => value.trim().replace(/^\S+ +/, "")));
    const hashes = new Set(tokens.map(sha256));
    const jwt = (_, header, payload, signature) => {
        const claims = Buffer.from(payload, "base64url").toString("latin1");
        const known = claims.replace(/"ath":"([^"]*)"/, (text, ath) => (hashes.has(ath) ? '"ath":"of the token"' : text));
        return `${header}.${known}.${signature.length}`;
    };
    return JSON.stringify(one).replace(/(eyJ[\w-]*)\.([\w-]*)\.([\w-]*)/g, jwt);
};

const written = new Map(JSON.parse(readFileSync(file)).cases.map(one => [one.name, one]));
const kept = one => {
    const old = written.get(one.name);
    return old !== undefined && meaning(old) === meaning(one) ? old : one;
};
const lines = cases.map(one => `    ${JSON.stringify(kept(one))}`).join(",\n");
writeFileSync(file, `{\n"policies": ${JSON.stringify(POLICIES, null, 2)},\n"cases": [\n${lines}\n]\n}\n`);
console.log(`${cases.length} cases, ${cases.filter(one => kept(one) === one).length} of them new or changed`);
