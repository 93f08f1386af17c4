import { oidcSpa } from "countersign/vite-plugin";

export default defineNuxtConfig({
    compatibilityDate: "2026-01-01",
    telemetry: false,
    app: { baseURL: "/shop/" },
    vite: { plugins: [oidcSpa({ DPoP: { enabled: true, mode: "auto" } })] }
});
