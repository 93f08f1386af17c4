/** Builds apps of keycloak-js with Countersign in its place, or as they are. */
import path from "node:path";
import { build } from "vite";
import { AppServer } from "../../../packages/countersign/test/browser/harness/app-server.mjs";
import { apps } from "../../../packages/countersign/test/browser/harness/paths.mjs";

const ROOTS = {
    plain: path.join(apps, "keycloak-js"),
    react: path.join(import.meta.dirname, "../../keycloak-js-apps/react"),
    angular: path.join(import.meta.dirname, "../../keycloak-js-apps/angular")
};

/**
 * Builds and serves an app.
 *
 * @param {import("../../lib/peer.mjs").Run} run
 * @param {keyof typeof ROOTS} name
 * @param {boolean} isOurs whether Countersign is in keycloak-js's place, by an alias
 */
export async function keycloakApp(run, name, isOurs) {
    const { countersign } = await import("countersign/vite-plugin");
    const outDir = path.join(run.directory, `keycloak-js-${name}-${isOurs}`);
    await build({
        root: ROOTS[name],
        configFile: false,
        logLevel: "error",
        resolve: { alias: isOurs ? { "keycloak-js": "countersign/keycloak-js" } : {} },
        plugins: isOurs ? [countersign({ DPoP: { enabled: true, mode: "auto" } })] : [],
        build: { outDir, emptyOutDir: true, target: "es2022", reportCompressedSize: false, chunkSizeWarningLimit: 5_000 }
    });
    const app = await AppServer.start(outDir);
    run.after(() => app.close());
    return app;
}
