import { tanstackStart } from "@tanstack/react-start/plugin/vite";
import react from "@vitejs/plugin-react";
import { oidcSpa } from "countersign/vite-plugin";
import { defineConfig } from "vite";

export default defineConfig({ plugins: [tanstackStart(), react(), oidcSpa({ DPoP: { enabled: true, mode: "auto" } })] });
