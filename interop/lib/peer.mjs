/**
 * The definition of a peer, and the `Run` that it runs in.
 *
 * A peer is software that is not ours. Its file says how to start it and which scenarios it goes
 * through. It gets a `Run`, which ends everything that was started through it.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AppServer } from "../../packages/countersign/test/browser/harness/app-server.mjs";
import { buildApp } from "../../packages/countersign/test/browser/harness/build-app.mjs";
import { watchContext } from "../../packages/countersign/test/browser/harness/context.mjs";
import { startApi, startIdp } from "../../packages/countersign/test/browser/harness/servers.mjs";
import { Wire } from "../../packages/countersign/test/browser/harness/wire.mjs";
import { launchChromium } from "../../packages/countersign/test/chromium.mjs";
import { freePort, start } from "./processes.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** @typedef {"single-page app" | "native client" | "resource server" | "development server"} Ours */

/**
 * @template Fixture
 * @typedef {object} Peer
 * @property {string} name for `--peer`
 * @property {(versions: Record<string, string>) => string} title with the version that is tried: what it reads of
 * `versions` are the peer's pins
 * @property {("keycloak" | "keycloak-oldest" | "spring" | "spring-4.0")[]} needs what `cargo xtask interop` fetches or builds first
 * @property {Ours[]} [ours] what of ours meets it, for the table in the README
 * @property {(run: Run) => Promise<Fixture>} start a failure here fails every scenario
 * @property {number} [startLimit] seconds
 * @property {Record<string, (fixture: Fixture, note: (text: string) => void) => Promise<void>>} scenarios run in this
 * order; one that throws has failed. `note` says what the peer does differently from the RFC or from other peers.
 * @property {Record<string, number>} [limits] seconds, by scenario
 */

/** @template Fixture @param {Peer<Fixture>} peer */
export function definePeer(peer) {
    for (const name of Object.keys(peer.limits ?? {})) {
        if (!(name in peer.scenarios)) {
            throw new Error(`${peer.name}: "limits" names no scenario: ${name}`);
        }
    }
    return peer;
}

export class Run {
    /**
     * Versions by name, of everything that interop/package.json pins.
     *
     * @type {Record<string, string>}
     */
    versions;
    /** A directory that is removed when the run ends. @type {string} */
    directory;
    #ends = [];
    #checks = [];
    /** @type {{ what: string, errors: unknown[] }[]} */
    #watched = [];
    #chromium;

    /** @param {Record<string, string>} versions */
    static async create(versions) {
        const run = new Run();
        run.versions = versions;
        run.directory = await mkdtemp(path.join(os.tmpdir(), "countersign-interop-"));
        run.after(() => rm(run.directory, { recursive: true, force: true }));
        return run;
    }

    /** Registers a function to call when the peer's run ends. The last one is called first. */
    after(end) {
        this.#ends.push(end);
    }

    /** Registers a check to call after each scenario. If it throws, the scenario fails. */
    afterEach(check) {
        this.#checks.push(check);
    }

    /**
     * Returns the path of something that `cargo xtask interop` prepared, by its name in `needs`:
     * the directory of a distribution, or the jar.
     */
    path(name) {
        const place = name.startsWith("spring")
            ? path.join(here, `../../target/interop/spring-resource-server-${this.versions[name.replace("spring", "spring-boot")]}.jar`)
            : path.join(cache(), `keycloak-${this.versions[name]}`);
        if (!existsSync(place)) {
            throw new Error(`${place} is missing: \`cargo xtask interop\` makes it`);
        }
        return place;
    }

    freePort() {
        return freePort();
    }

    /** Starts a program that is ended with the run: see `start` in processes.mjs. */
    async spawn(program, parameters, options) {
        const started = await start(program, parameters, options);
        this.after(started.stop);
        return started;
    }

    /**
     * Starts our development authorization server.
     *
     * @param {string[]} [flags] see `countersign idp --help`
     */
    async idp(flags = []) {
        return this.#ours(await startIdp(flags));
    }

    /** Starts our example API. @param {string[]} [flags] see `example-api --help` */
    async api(flags = []) {
        return this.#ours(await startApi(flags));
    }

    #ours(server) {
        this.after(() => server.stop());
        return Object.assign(server, { origin: `http://localhost:${server.port}` });
    }

    /**
     * Starts a recording proxy: see harness/wire.mjs.
     *
     * @param {number} [upstream] the port behind; may be set later
     */
    async wire(upstream) {
        const wire = await Wire.start();
        wire.upstream = upstream;
        this.after(() => wire.close());
        this.#watch("the recording proxy failed", wire.failures);
        return wire;
    }

    /**
     * Builds and serves the test app. Set its `config` before it is opened.
     *
     * @param {{ variant?: import("../../packages/countersign/test/browser/harness/build-app.mjs").Variant, host?: string }} [options]
     */
    async app({ variant, host } = {}) {
        const app = await AppServer.start(await buildApp(variant), host);
        this.after(() => app.close());
        return app;
    }

    /**
     * Opens a browser context with its own cookies and storage. An error in its console fails the
     * scenario, unless one of `expectedErrors` matches it.
     *
     * @param {{ expectedErrors?: RegExp[], initScripts?: (string | (() => void))[] }} [options]
     */
    async browser({ expectedErrors, initScripts } = {}) {
        if (this.#chromium === undefined) {
            const launching = launchChromium();
            this.#chromium = launching;
            this.after(async () => (await launching).close());
        }
        const chromium = await this.#chromium;
        const { context, unexpected } = await watchContext(chromium, { expected: expectedErrors, initScripts });
        this.after(() => context.close());
        this.#watch("the browser's console holds errors", unexpected);
        return { context, page: await context.newPage() };
    }

    /** Watches a list that has to be empty after each scenario. */
    #watch(what, errors) {
        this.#watched.push({ what, errors });
    }

    /** @internal */
    async check() {
        const [observed] = this.#observed();
        if (observed !== undefined) {
            throw new Error("the scenario itself passed");
        }
        for (const check of this.#checks) {
            await check();
        }
    }

    /** @internal Returns and clears what browsers and proxies reported since the last scenario. */
    forget() {
        const observed = this.#observed();
        for (const { errors } of this.#watched) {
            errors.length = 0;
        }
        return observed;
    }

    #observed() {
        return this.#watched.flatMap(({ what, errors }) => errors.map(error => `${what}: ${error}`));
    }

    /** @internal Ends everything, and throws the errors from that. */
    async end() {
        const errors = [];
        for (const end of this.#ends.splice(0).reverse()) {
            try {
                await end();
            } catch (error) {
                errors.push(error.message);
            }
        }
        throwAll("ending the run failed", errors);
    }
}

/** Returns the directory where `cargo xtask interop` keeps distributions. */
function cache() {
    const home = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache");
    return process.env.COUNTERSIGN_PEERS ?? path.join(home, "countersign/peers");
}

function throwAll(what, errors) {
    if (errors.length > 0) {
        throw new Error(`${what}:\n${errors.join("\n")}`);
    }
}
