import { oidcSpa } from "countersign/vite-plugin";
import { defineConfig } from "vite";

export default defineConfig({
    plugins: [oidcSpa({ DPoP: { enabled: true, mode: "auto" }, browserRuntimeFreeze: { enabled: true } })],
    server: { host: "localhost", port: 9440, strictPort: true }
});
