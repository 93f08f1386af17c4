import { defineConfig } from "vite";
import { oidcSpa } from "countersign/vite-plugin";
import { attacker } from "./attacker.ts";

const issuer = process.env["DEMO_ISSUER"] ?? "http://localhost:9441";
const api = process.env["DEMO_API"] ?? "http://localhost:9442";

export default defineConfig({
    plugins: [
        oidcSpa({ browserRuntimeFreeze: { enabled: true }, DPoP: { enabled: true, mode: "auto" } }),
        attacker(api)
    ],
    define: { __DEMO__: JSON.stringify({ issuer, api }) },
    // One name for one site: a page opened as 127.0.0.1 would lose the session cookie in the iframe.
    server: { host: "localhost", port: 9440, strictPort: true }
});
