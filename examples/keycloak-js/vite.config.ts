import { countersign } from "countersign/vite-plugin";
import { defineConfig } from "vite";

export default defineConfig({
    plugins: [countersign({ DPoP: { enabled: true, mode: "auto" } })],
    server: { host: "localhost", port: 9440, strictPort: true }
});
