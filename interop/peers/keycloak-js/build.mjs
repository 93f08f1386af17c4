/** Builds apps of keycloak-js with Countersign in its place, or as they are. */
import path from "node:path";
import { build, createServer } from "vite";
import { AppServer } from "../../../packages/countersign/test/browser/harness/app-server.mjs";
import { apps } from "../../../packages/countersign/test/browser/harness/paths.mjs";

const ROOTS = {
    plain: path.join(apps, "keycloak-js"),
    react: path.join(import.meta.dirname, "../../keycloak-js-apps/react"),
    angular: path.join(import.meta.dirname, "../../keycloak-js-apps/angular")
};

const configuration = async (name, isOurs) => {
    const { countersign } = await import("countersign/vite-plugin");
    return {
        root: ROOTS[name],
        configFile: false,
        logLevel: "error",
        resolve: { alias: isOurs ? { "keycloak-js": "countersign/keycloak-js" } : {} },
        plugins: isOurs ? [countersign({ DPoP: { enabled: true, mode: "auto" } })] : []
    };
};

/**
 * Serves an app with Vite's dev server and a cold cache, which pre-bundles the libraries on top of keycloak-js. The result
 * has the `config` and `origin` of an `AppServer`.
 *
 * @param {import("../../lib/peer.mjs").Run} run
 * @param {keyof typeof ROOTS} name
 */
export async function keycloakAppInDevelopment(run, name) {
    const port = await run.freePort();
    const app = { config: {}, origin: `http://localhost:${port}` };
    const { plugins, ...rest } = await configuration(name, true);
    const configJson = {
        name: "config-json",
        configureServer: ({ middlewares }) =>
            void middlewares.use("/config.json", (_, response) => {
                response.setHeader("Content-Type", "application/json");
                response.end(JSON.stringify(app.config));
            })
    };
    const server = await createServer({
        ...rest,
        plugins: [...plugins, configJson],
        cacheDir: path.join(run.directory, `vite-keycloak-js-${name}`),
        server: { port, strictPort: true, host: "localhost" }
    });
    await server.listen();
    run.after(() => server.close());
    return app;
}

/**
 * Builds and serves an app.
 *
 * @param {import("../../lib/peer.mjs").Run} run
 * @param {keyof typeof ROOTS} name
 * @param {boolean} isOurs whether Countersign is in keycloak-js's place, by an alias
 */
export async function keycloakApp(run, name, isOurs) {
    const outDir = path.join(run.directory, `keycloak-js-${name}-${isOurs}`);
    await build({
        ...(await configuration(name, isOurs)),
        build: { outDir, emptyOutDir: true, target: "es2022", reportCompressedSize: false, chunkSizeWarningLimit: 5_000 }
    });
    const app = await AppServer.start(outDir);
    run.after(() => app.close());
    return app;
}
