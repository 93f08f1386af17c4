// Resource servers for the tests, from the built package.
import { readFile } from "node:fs/promises";

const dist = new URL("../../../dist/", import.meta.url);
const { makeResourceServer } = await import(new URL("server/resourceServer.js", dist));
const { platformSignatures, webCryptoSignatures } = await import(new URL("server/signatures.js", dist));

export const module = await WebAssembly.compile(await readFile(new URL("server/server.wasm", dist)));

const SIGNATURES = { "node:crypto": platformSignatures(), WebCrypto: webCryptoSignatures() };
/** The ways of checking signatures. */
export const WAYS = Object.keys(SIGNATURES);

/** A resource server that checks signatures in this way. */
export const serverOf = (way, options) => makeResourceServer(module, options, SIGNATURES[way]);
