import { reactRouter } from "@react-router/dev/vite";
import { oidcSpa } from "countersign/vite-plugin";
import { defineConfig } from "vite";

export default defineConfig({ plugins: [reactRouter(), oidcSpa({ DPoP: { enabled: true, mode: "auto" } })] });
