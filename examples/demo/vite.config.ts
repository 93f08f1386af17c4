import { defineConfig } from "vite";
import { oidcSpa } from "countersign/vite-plugin";
import { attacker } from "./attacker.ts";

const issuer = process.env["DEMO_ISSUER"] ?? "http://localhost:9441";
const clientId = process.env["DEMO_CLIENT_ID"] ?? "demo";
const api = process.env["DEMO_API"] ?? "http://localhost:9442";
/** Names and passwords to type at the login page if it asks for them, one pair per line. */
const users = (process.env["DEMO_USERS"] ?? "")
    .split("\n")
    .filter(line => line !== "")
    .map(line => line.split(" "));

export default defineConfig({
    plugins: [
        oidcSpa({ browserRuntimeFreeze: { enabled: true }, DPoP: { enabled: true, mode: "auto" } }),
        attacker(api)
    ],
    define: { __DEMO__: JSON.stringify({ issuer, clientId, api, users }) },
    // Only `localhost` is served: a page opened as 127.0.0.1 would lose the session cookie in the
    // iframe.
    server: { host: "localhost", port: 9440, strictPort: true }
});
