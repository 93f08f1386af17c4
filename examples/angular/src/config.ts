/** Where the servers are; `cargo xtask demo` starts them here. */
export const ISSUER = "http://localhost:9441";
export const API = "http://localhost:9442";
export const CLIENT_ID = "demo";
