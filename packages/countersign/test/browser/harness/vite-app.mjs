/**
 * An app outside the repository with the packed tarball installed, as a user of the package has.
 * Its two configurations are exactly those in the documentation.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cp, mkdir, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { version as viteVersion } from "vite";
import { listenOnLoopback } from "./loopback.mjs";
import { apps, packageRoot } from "./paths.mjs";
import { assertCallsAreBound } from "./proof.mjs";
import { World } from "./world.mjs";

const run = promisify(execFile);
const LIMIT_MILLISECONDS = 120_000;
const START_LIMIT_MILLISECONDS = 30_000;

const PLUGIN_CONFIG = `import { defineConfig } from "vite";
import { oidcSpa } from "countersign/vite-plugin";
export default defineConfig({
    plugins: [oidcSpa({ browserRuntimeFreeze: { enabled: true }, DPoP: { enabled: true, mode: "auto" } })]
});
`;

const MANUAL_MAIN = `import { oidcEarlyInit } from "countersign/entrypoint";
import { browserRuntimeFreeze } from "countersign/browser-runtime-freeze";
import { DPoP } from "countersign/DPoP";
const { shouldLoadApp } = oidcEarlyInit({
    BASE_URL: "/",
    securityDefenses: { ...browserRuntimeFreeze(), ...DPoP({ mode: "auto" }) }
});
if (shouldLoadApp) { import("./main.lazy"); }
`;

/**
 * Packs the package and installs it with Vite in a new directory; `remove` deletes that. `name`: as
 * `npm install oidc-spa@npm:countersign` installs it, under a name of the app's choice. `vite`: the
 * folder of another version than the suite's.
 */
export async function installTarball(name = "countersign", vite = undefined) {
    const root = mkdtempSync(path.join(tmpdir(), "countersign-app-"));
    const remove = () => rmSync(root, { recursive: true, force: true });
    process.on("exit", remove);
    const options = { timeout: LIMIT_MILLISECONDS };
    await run("npm", ["pack", "--pack-destination", root], { cwd: packageRoot, ...options });
    const tarball = (await readdir(root)).find(file => file.endsWith(".tgz"));
    const installed = path.join(root, "installed");
    await mkdir(installed);
    const manifest = {
        name: "app",
        private: true,
        type: "module",
        dependencies: { [name]: `file:../${tarball}` },
        devDependencies: vite === undefined ? { vite: viteVersion } : {}
    };
    await writeFile(path.join(installed, "package.json"), JSON.stringify(manifest));
    await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"], { cwd: installed, ...options });
    vite !== undefined && (await symlink(vite, path.join(installed, "node_modules/vite")));
    return { root, installed, name, remove };
}

/** Reads the installed package, as its users see it. */
export async function readInstalled({ installed, name }) {
    const root = path.join(installed, "node_modules", name);
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries
        .filter(entry => entry.isFile())
        .map(entry => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)))
        .sort();
    return { files, manifest: JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) };
}

/**
 * Two subtests: in Vite's dev server with a cold cache and in its build, the app logs in, finds the
 * session again, calls and logs out.
 *
 * @param {Awaited<ReturnType<typeof installTarball>>} project @param {"plugin" | "manual"} setup
 */
export async function testApp(t, project, setup) {
    const app = await ViteApp.create(project, setup);
    const world = await World.create(t, { app });
    for (const [name, start] of [["dev server", () => app.dev()], ["build", () => app.preview()]]) {
        await t.test(name, async () => {
            await start();
            await assertWorks(world).finally(() => app.stop());
        });
    }
}

async function assertWorks(world) {
    assert.equal((await world.start()).main.isUserLoggedIn, true);
    assert.equal((await world.open()).main.isUserLoggedIn, true, "restored");
    await assertCallsAreBound(world);
    assert.deepEqual(await world.logOut(), { main: { isUserLoggedIn: false } });
    // The dev server's page would notice that its server ends.
    await world.page.goto("about:blank");
}

/**
 * The app in one of the two set-ups, on its own port: served by Vite's dev server or, when built,
 * by its preview.
 */
class ViteApp {
    #process;
    #output = "";
    #directory;
    #port;

    /** @param {{ root: string, installed: string, name: string }} project @param {"plugin" | "manual"} setup */
    static async create({ root, installed, name }, setup) {
        const app = new ViteApp();
        const directory = path.join(root, setup);
        app.#directory = directory;
        // Each set-up has its own copy: the cache of one must not warm the other's.
        await cp(installed, directory, { recursive: true, verbatimSymlinks: true });
        await mkdir(path.join(directory, "public"));
        await cp(path.join(apps, setup, "index.html"), path.join(directory, "index.html"));
        const named = text => text.replaceAll('"countersign/', `"${name}/`);
        await mkdir(path.join(directory, "src/shared"), { recursive: true });
        for (const file of await readdir(path.join(apps, "shared"))) {
            await writeFile(path.join(directory, "src/shared", file), named(await readFile(path.join(apps, "shared", file), "utf8")));
        }
        const entry = setup === "plugin" ? "main.ts" : "main.lazy.ts";
        await writeFile(path.join(directory, "src", entry), 'import "./shared/app";\n');
        if (setup === "plugin") {
            await writeFile(path.join(directory, "vite.config.ts"), named(PLUGIN_CONFIG));
        } else {
            await writeFile(path.join(directory, "src/main.ts"), named(MANUAL_MAIN));
        }
        const { port, close } = await listenOnLoopback(() => undefined);
        await close();
        app.#port = port;
        app.origin = `http://localhost:${port}`;
        return app;
    }

    /** Sets the content of `/config.json`, in the dev server and in later builds. */
    set config(value) {
        writeFileSync(path.join(this.#directory, "public/config.json"), JSON.stringify(value));
    }

    /** Starts the dev server with a cold cache: nothing has been pre-bundled yet. */
    async dev() {
        await rm(path.join(this.#directory, "node_modules/.vite"), { recursive: true, force: true });
        await this.#start([]);
    }

    async preview() {
        await run("node", [this.#vite, "build", "--logLevel", "warn"], {
            cwd: this.#directory,
            timeout: LIMIT_MILLISECONDS
        });
        await this.#start(["preview"]);
    }

    get #vite() {
        return path.join(this.#directory, "node_modules/vite/bin/vite.js");
    }

    async #start(command) {
        const flags = ["--port", String(this.#port), "--strictPort", "--host", "localhost"];
        const child = spawn("node", [this.#vite, ...command, ...flags], {
            cwd: this.#directory,
            // If CI is set, Vite colours its output, and the expected line would not match.
            env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
            stdio: ["ignore", "pipe", "pipe"]
        });
        this.#process = child;
        const end = () => child.kill("SIGKILL");
        process.on("exit", end);
        child.on("close", () => process.off("exit", end));
        for (const stream of [child.stdout, child.stderr]) {
            stream.setEncoding("utf8").on("data", text => (this.#output += text));
        }
        await new Promise((resolve, reject) => {
            const fail = why => reject(new Error(`vite ${command} ${why}:\n${this.#output}`));
            const timer = setTimeout(() => fail("did not start"), START_LIMIT_MILLISECONDS);
            child.on("close", status => fail(`ended with status ${status}`));
            child.stdout.on("data", () => {
                if (this.#output.includes("Local:")) {
                    clearTimeout(timer);
                    resolve();
                }
            });
        }).catch(async error => {
            // Otherwise the next start would find its port taken.
            await this.stop();
            throw error;
        });
    }

    /** Returns what Vite has printed so far. */
    get output() {
        return this.#output;
    }

    async stop() {
        const child = this.#process;
        this.#process = undefined;
        this.#output = "";
        if (child !== undefined && child.exitCode === null) {
            const ended = new Promise(resolve => child.once("close", resolve));
            child.kill("SIGKILL");
            await ended;
        }
    }

    close() {
        return this.stop();
    }
}
