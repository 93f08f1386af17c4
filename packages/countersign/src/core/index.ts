export { createOidc, type ParamsOfCreateOidc } from "./createOidc.js";
export type { Oidc } from "./types.js";
export { OidcInitializationError, type OidcErrorCode } from "./OidcInitializationError.js";
export { oidcEarlyInit } from "../entrypoint.js";
