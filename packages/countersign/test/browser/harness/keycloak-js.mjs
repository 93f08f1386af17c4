/** Builds the app of `apps/keycloak-js` with keycloak-js itself, or with ours in its place. */
import { mkdir } from "node:fs/promises";
import { rmSync } from "node:fs";
import path from "node:path";
import { build } from "vite";
import { apps, repository } from "./paths.mjs";

/**
 * Returns the directory with the built app. `hasPlugin`: early init runs.
 *
 * @param {"keycloak-js" | "countersign/keycloak-js"} library
 */
export async function buildKeycloakApp(library, hasPlugin = library !== "keycloak-js") {
    const isOurs = library !== "keycloak-js";
    const name = `keycloak-js${isOurs ? "-ours" : ""}${hasPlugin ? "" : "-plain"}-${process.pid}`;
    const directory = path.join(repository, "target/browser-apps", name);
    const { oidcSpa } = await import("countersign/vite-plugin");
    await mkdir(path.dirname(directory), { recursive: true });
    await build({
        root: path.join(apps, "keycloak-js"),
        configFile: false,
        logLevel: "error",
        resolve: { alias: isOurs ? { "keycloak-js": library } : {} },
        plugins: hasPlugin ? [oidcSpa({ DPoP: { enabled: true, mode: "auto" }, browserRuntimeFreeze: { enabled: true } })] : [],
        build: { outDir: directory, emptyOutDir: true, target: "es2022", reportCompressedSize: false }
    });
    process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
    return directory;
}
