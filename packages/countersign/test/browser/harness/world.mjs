/**
 * The environment of a test: the authorization server and the APIs behind recording proxies, the
 * built app, and a page. Everything is started for one test and ends with it.
 */
import { openContext } from "./browser.mjs";
import { AppPage } from "./app-page.mjs";
import { AppServer } from "./app-server.mjs";
import { buildApp } from "./build-app.mjs";
import { startApi, startIdp } from "./servers.mjs";
import { expectedErrors as refusals } from "./webassembly.mjs";
import { Wire } from "./wire.mjs";

/** The demo's user that tests log in as. */
const USER = "alice";

/**
 * @typedef {object} Options
 * @property {import("./build-app.mjs").Variant} [variant] how the app is set up
 * @property {string[]} [idp] more flags of the authorization server
 * @property {string[]} [api] more flags of every API
 * @property {string[]} [clients] client ids; the first is the app's client `main`
 * @property {number} [apis] how many APIs; client number n gets tokens for API number n, further ones for the last
 * @property {Record<string, object>} [params] more parameters of `createOidc`, by client id
 * @property {string} [appHost] host name of the app's origin
 * @property {string} [issuerHost] host name of the authorization server
 * @property {string} [issuerPath] path of the issuer
 * @property {string} [apiHost] host name of every API
 * @property {{ origin: string, config: object, close: () => Promise<void> }} [app] an app that is served already
 * @property {RegExp[]} [expectedErrors] in the browser's console
 * @property {(string | (() => void))[]} [initScripts] run in every document before its own scripts
 */

export class World extends AppPage {
    /** @type {string} */ issuerUri;
    /** @type {Wire[]} */ apis = [];
    /** @type {import("playwright-core").BrowserContext} */ context;
    #idpFlags;
    #idp;
    #apiFlags;
    #apiServers = [];

    /** @param {import("node:test").TestContext} t @param {Options} [options] */
    static async create(t, options = {}) {
        const { clients = ["main"], apis = 1, params = {}, expectedErrors = [], initScripts = [] } = options;
        const world = new World();
        const { context, close } = await openContext({ expected: [...expectedErrors, ...refusals], initScripts });
        world.context = context;
        const ends = [];
        t.after(async () => {
            // The pages are closed first: they would notice that the servers are gone.
            try {
                await close();
            } finally {
                await Promise.all(ends.map(end => end()));
            }
            const failures = [world.issuer, ...world.apis].flatMap(wire => wire?.failures ?? []);
            if (failures.length > 0) {
                throw new AggregateError(failures, `the recording proxy failed: ${failures.join("; ")}`);
            }
        });
        const wire = async host => {
            const started = await Wire.start(0, host);
            ends.push(() => started.close());
            return started;
        };
        const issuer = await wire(options.issuerHost);
        world.issuer = issuer;
        world.issuerUri = issuer.origin + (options.issuerPath ?? "");
        world.app = options.app ?? (await AppServer.start(await buildApp(options.variant), options.appHost));
        world.app.initScripts = context.initScripts ?? [];
        ends.push(() => world.app.close());
        for (let index = 0; index < apis; index++) {
            world.apis.push(await wire(options.apiHost));
        }
        world.#idpFlags = [
            ...["--issuer", world.issuerUri, "--allow-origin", world.app.origin],
            ...clients.flatMap((id, index) => [
                ...["--client", `${id}=${world.app.origin}/`],
                ...["--audience", `${id}=${world.apis[Math.min(index, apis - 1)].origin}`]
            ]),
            ...(options.idp ?? [])
        ];
        ends.push(() => world.#idp?.stop());
        await world.startIdp();
        world.#apiFlags = ["--issuer", world.issuerUri, "--allow-origin", world.app.origin, ...(options.api ?? [])];
        ends.push(() => Promise.all(world.#apiServers.map(server => server.stop())));
        await Promise.all(world.apis.map((_, index) => world.startApi(index)));
        world.app.config = {
            clients: Object.fromEntries(
                clients.map((id, index) => [
                    index === 0 ? "main" : id,
                    { issuerUri: world.issuerUri, clientId: id, scopes: ["profile", "email"], ...params[id] }
                ])
            )
        };
        world.page = await world.context.newPage();
        return world;
    }

    /** The first API. */
    get api() {
        return this.apis[0];
    }

    /** Starts the authorization server, or starts it again: with new keys and no sessions. */
    async startIdp() {
        await this.stopIdp();
        this.#idp = await startIdp(this.#idpFlags);
        this.issuer.upstream = this.#idp.port;
        // This does not go through the proxy, which records only requests of the browser and the
        // API.
        const discovery = `http://127.0.0.1:${this.#idp.port}${new URL(this.issuerUri).pathname.replace(/\/$/, "")}/.well-known/openid-configuration`;
        this.metadata = await (await fetch(discovery)).json();
    }

    /** Starts an API, or starts it again: it remembers no keys, nonces or proofs. */
    async startApi(index) {
        await this.#apiServers[index]?.stop();
        const { [index]: api } = this.apis;
        const server = await startApi([...this.#apiFlags, "--audience", api.origin, "--public-url", api.origin]);
        this.#apiServers[index] = server;
        api.upstream = server.port;
    }

    async stopIdp() {
        await this.#idp?.stop();
        this.#idp = undefined;
        this.issuer.upstream = undefined;
    }

    /** Does the user's part of a login, once the login page is there. */
    async chooseUser(user = USER) {
        await this.page.getByRole("button", { name: new RegExp(user, "i") }).click();
    }

    /** Logs in: from the logged-out app to the logged-in one. */
    logIn({ client = "main", user = USER } = {}) {
        return this.logInWith(() => this.chooseUser(user), client);
    }

    /** Opens the app and logs in. */
    async start(options) {
        await this.open();
        return this.logIn(options);
    }
}
