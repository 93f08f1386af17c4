/**
 * `countersign/server` for runtimes that compile no WebAssembly from bytes, as Cloudflare's workers:
 * they import it. Otherwise as `server.ts`.
 */
import module from "./server/server.wasm";
import { makeOidcSpa, type DecodedAccessToken_RFC9068, type OidcSpaUtilsBuilder } from "./server/oidcSpa.js";
import type { ResourceServerOptions } from "./server/options.js";
import { makeResourceServer, type ResourceServer } from "./server/resourceServer.js";
import { platformSignatures } from "./server/signatures.js";

export * from "./server/index.js";

export const createResourceServer = (options: ResourceServerOptions): ResourceServer =>
    makeResourceServer(module, options, platformSignatures());

export const oidcSpa: OidcSpaUtilsBuilder<DecodedAccessToken_RFC9068, never> = makeOidcSpa(createResourceServer);
