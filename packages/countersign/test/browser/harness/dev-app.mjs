/**
 * Serves the test app with Vite's dev server, where every module of the package has its own URL.
 */
import { createServer } from "vite";
import { viteConfig } from "./build-app.mjs";
import { policy } from "./webassembly.mjs";

/** @param {import("./build-app.mjs").Variant} [variant] */
export async function startDevApp({ setup = "plugin", mode = "auto", freeze = false } = {}) {
    const app = { config: {}, editPage: html => html };
    const common = await viteConfig({ setup, mode, freeze });
    const server = await createServer({
        ...common,
        plugins: [
            ...(common.plugins ?? []),
            {
                name: "test",
                transformIndexHtml: { order: "post", handler: html => app.editPage(html) },
                configureServer: ({ middlewares }) => {
                    middlewares.use("/config.json", (_, response) => {
                        response.setHeader("Content-Type", "application/json").end(JSON.stringify(app.config));
                    });
                }
            }
        ],
        cacheDir: `${common.root}/../../../../../../target/browser-apps/vite-${setup}`,
        server: { headers: policy, host: "localhost", port: 0, hmr: false, watch: null, ws: false },
        logLevel: "error"
    });
    await server.listen();
    app.origin = `http://localhost:${server.httpServer.address().port}`;
    app.close = () => server.close();
    return app;
}
