/** The client for React: hooks, gates, and functions for the loaders of routers. */
export { oidcSpa } from "./adapters/reactSpa/builder.js";
export type { GetOidc, OidcSpaUtils, ParamsOfBootstrap, UseOidc } from "./adapters/reactSpa/types.js";
