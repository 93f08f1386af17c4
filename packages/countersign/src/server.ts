/**
 * `countersign/server`: the resource server's decisions for Node, Deno and Bun. Access token and
 * proof of a request, their binding, replay, challenges; by the engine that Rust servers run.
 */
import base64 from "./server/bytes.js";
import { makeOidcSpa, type DecodedAccessToken_RFC9068, type OidcSpaUtilsBuilder } from "./server/oidcSpa.js";
import type { ResourceServerOptions } from "./server/options.js";
import { makeResourceServer, type ResourceServer } from "./server/resourceServer.js";
import { platformSignatures } from "./server/signatures.js";

export * from "./server/index.js";

let engine: WebAssembly.Module | undefined;

/** Compiles the engine, once for all servers of the process. */
const compiled = (): WebAssembly.Module =>
    (engine ??= new WebAssembly.Module(Uint8Array.from(atob(base64), character => character.charCodeAt(0))));

/**
 * Creates a resource server. Reads nothing over the network yet: the issuer may be down.
 *
 * Throws a `TypeError` whose message says what to change, if an option can't be used.
 */
export const createResourceServer = (options: ResourceServerOptions): ResourceServer =>
    makeResourceServer(compiled(), options, platformSignatures());

/** The builder of `oidc-spa/server`, with its names and shapes. */
export const oidcSpa: OidcSpaUtilsBuilder<DecodedAccessToken_RFC9068, never> = makeOidcSpa(createResourceServer);
