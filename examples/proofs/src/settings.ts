import type { DPoP } from "countersign/proofs";

/** By default, the servers as examples/README.md starts them. */
export const issuer = import.meta.env["VITE_ISSUER"] ?? "http://localhost:9441";
export const api = import.meta.env["VITE_API"] ?? "http://localhost:9442";
export const clientId = import.meta.env["VITE_CLIENT_ID"] ?? "demo";
export const redirectUri = `${location.origin}/`;

/** What a login gives: a token that is bound to the key of `dpop`. */
export interface Session {
    accessToken: string;
    dpop: DPoP;
}
