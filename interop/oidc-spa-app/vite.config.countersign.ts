/** The same app, moved over: with our plugin, and an alias instead of a change to every import. */
import { defineConfig } from "vite";
import { oidcSpa } from "countersign/vite-plugin";

export default defineConfig({
    resolve: { alias: { "oidc-spa": "countersign" } },
    plugins: [oidcSpa({ browserRuntimeFreeze: { enabled: true }, DPoP: { enabled: true, mode: "auto" } })]
});
