/**
 * `countersign/server` for runtimes that compile no WebAssembly from bytes, as Cloudflare's workers:
 * they import it. Otherwise as `server.ts`.
 */
import module from "./server/server.wasm";
import { makeOidcSpa, type DecodedAccessToken_RFC9068, type OidcSpaUtilsBuilder } from "./server/oidcSpa.js";
import { checkOptions, SECRET_BYTES, type ResourceServerOptions } from "./server/options.js";
import { makeResourceServer, type ResourceServer } from "./server/resourceServer.js";
import { platformSignatures } from "./server/signatures.js";

export * from "./server/index.js";

/**
 * As in `server.ts`. A worker has no random numbers and no time before its first request, so the
 * engine starts with that; the options are checked at once.
 */
export const createResourceServer = (given: ResourceServerOptions): ResourceServer => {
    const options = checkOptions(given);
    const signatures = platformSignatures();
    const { metadata } = makeResourceServer(module, options, signatures, new Uint8Array(SECRET_BYTES));
    let server: ResourceServer | undefined;
    const started = () => (server ??= makeResourceServer(module, options, signatures));
    return {
        metadata,
        decide: request => started().decide(request),
        authenticate: (request, demands) => started().authenticate(request, demands)
    };
};

export const oidcSpa: OidcSpaUtilsBuilder<DecodedAccessToken_RFC9068, never> = makeOidcSpa(createResourceServer);
