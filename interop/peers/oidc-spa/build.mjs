/** Builds apps with oidc-spa, and the same apps with Countersign. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { build, createServer } from "vite";
import { oidcSpa } from "oidc-spa/vite-plugin";
import { AppServer } from "../../../packages/countersign/test/browser/harness/app-server.mjs";
import { apps, repository } from "../../../packages/countersign/test/browser/harness/paths.mjs";

const EXAMPLE = path.join(import.meta.dirname, "../../oidc-spa-app");
const LIMIT_MILLISECONDS = 60_000;

/**
 * Builds and serves the example app.
 *
 * @param {import("../../lib/peer.mjs").Run} run
 * @param {"oidc-spa" | "countersign"} library
 * @param {"plugin" | "early init" | "in one module"} setup
 */
export async function exampleApp(run, library, setup) {
    const isMoved = library === "countersign";
    return serve(
        run,
        library,
        setup === "plugin"
            ? { root: EXAMPLE, configFile: path.join(EXAMPLE, isMoved ? "vite.config.countersign.ts" : "vite.config.ts") }
            : {
                  root: path.join(EXAMPLE, setup.replaceAll(" ", "-")),
                  configFile: false,
                  resolve: { alias: isMoved ? { "oidc-spa": "countersign" } : {} }
              }
    );
}

/**
 * Serves the example app with Vite's dev server and a cold cache. The result has the `config` and
 * `origin` of an `AppServer`.
 *
 * @param {import("../../lib/peer.mjs").Run} run
 * @param {"oidc-spa" | "countersign"} library
 */
export async function exampleInDevelopment(run, library) {
    const port = await run.freePort();
    const app = { config: {}, origin: `http://localhost:${port}` };
    const configJson = {
        name: "config-json",
        configureServer: ({ middlewares }) =>
            void middlewares.use("/config.json", (_, response) => {
                response.setHeader("Content-Type", "application/json");
                response.end(JSON.stringify(app.config));
            })
    };
    const server = await createServer({
        root: EXAMPLE,
        configFile: path.join(EXAMPLE, library === "countersign" ? "vite.config.countersign.ts" : "vite.config.ts"),
        cacheDir: path.join(run.directory, `vite-${library}`),
        plugins: [configJson],
        server: { port, strictPort: true, host: "localhost" },
        logLevel: "error"
    });
    await server.listen();
    run.after(() => server.close());
    return app;
}

/**
 * Type-checks the example app; rejects with the compiler's output.
 *
 * @param {"oidc-spa" | "countersign"} library
 */
export async function typeCheckExample(library) {
    const project = library === "countersign" ? "tsconfig.countersign.json" : "tsconfig.json";
    const compiler = path.join(repository, "node_modules/typescript/bin/tsc");
    await promisify(execFile)("node", [compiler, "-p", path.join(EXAMPLE, project)], { timeout: LIMIT_MILLISECONDS }).catch(
        ({ message, stdout }) => {
            throw new Error(`${message}${stdout}`);
        }
    );
}

/**
 * Builds and serves the app of the browser suite, with oidc-spa instead of Countersign.
 *
 * @param {import("../../lib/peer.mjs").Run} run
 * @param {"auto" | "enforced"} mode
 */
export function suiteApp(run, mode) {
    const root = path.join(apps, "plugin");
    const plugins = [inPlaceOfOurs(), oidcSpa({ DPoP: { enabled: true, mode } })];
    return serve(run, "oidc-spa", { root, configFile: false, plugins });
}

/**
 * A plugin, not an alias: it resolves to the version in this directory, not to one nearer to the
 * app.
 */
function inPlaceOfOurs() {
    return {
        name: "oidc-spa-in-place-of-countersign",
        enforce: "pre",
        resolveId(source) {
            const [, subpath] = /^(?:countersign|oidc-spa)\/(.*)$/.exec(source) ?? [];
            return subpath && this.resolve(`oidc-spa/${subpath}`, import.meta.filename, { skipSelf: true });
        }
    };
}

/** The paths of each library's modules. */
const MODULES = { "oidc-spa": /[\\/]node_modules[\\/]oidc-spa[\\/]/, countersign: /[\\/]countersign[\\/]dist[\\/]/ };

let builds = 0;

async function serve(run, library, config) {
    const outDir = path.join(run.directory, `app-${++builds}`);
    const options = { outDir, emptyOutDir: true, reportCompressedSize: false };
    const { output } = await build({ ...config, build: options, logLevel: "error" });
    const ids = output.flatMap(({ moduleIds = [] }) => moduleIds);
    const used = Object.keys(MODULES).filter(name => ids.some(id => MODULES[name].test(id)));
    assert.deepEqual(used, [library], "the libraries in the app");
    const app = await AppServer.start(outDir);
    run.after(() => app.close());
    return app;
}
