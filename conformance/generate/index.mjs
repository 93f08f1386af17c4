// node conformance/generate/index.mjs : writes conformance/requests.json anew. ECDSA signatures are random, so they differ
// from run to run; nothing else does.
import { writeFileSync } from "node:fs";
import { POLICIES } from "./build.mjs";
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

const lines = cases.map(one => `    ${JSON.stringify(one)}`).join(",\n");
const text = `{\n"policies": ${JSON.stringify(POLICIES, null, 2)},\n"cases": [\n${lines}\n]\n}\n`;
writeFileSync(new globalThis.URL("../requests.json", import.meta.url), text);
console.log(`${cases.length} cases`);
