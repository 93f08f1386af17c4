/**
 * Keycloak for a peer's run: started in its own home directory behind a recording proxy. The login
 * works as a user's.
 */
import path from "node:path";
import { ADMINISTRATOR, PASSWORDS, REALM, prepareHome } from "./home.mjs";

/** Enough for a cold start on two busy cores. */
export const START_LIMIT_SECONDS = 300;

/**
 * @param {import("../../lib/peer.mjs").Run} run
 * @param {object} options
 * @param {string[]} options.apps origins of the single-page apps
 * @param {string[]} options.audiences what access tokens are for
 * @param {string} [options.version] its name among the pinned versions
 * @param {string[]} [options.flags] more flags of `kc.sh start-dev`
 * @param {boolean} [options.isNamed] with its address as `--hostname`; without, it is called what a request calls it
 */
export async function startKeycloak(run, { apps, audiences, version = "keycloak", flags = [], isNamed = false }) {
    const [port, wire] = [await run.freePort(), await run.wire()];
    const home = await prepareHome({
        distribution: run.path(version),
        directory: path.join(run.directory, `${version}-${port}`),
        port,
        apps,
        audiences,
        flags: isNamed ? [`--hostname=${wire.origin}`, ...flags] : flags
    });
    const server = await run.spawn(home.program, home.args, {
        env: home.env,
        ready: `http://127.0.0.1:${port}/realms/${REALM}`,
        limit: START_LIMIT_SECONDS
    });
    await home.keepBuild();
    wire.upstream = port;
    return new Keycloak(server, wire, port);
}

class Keycloak {
    constructor(server, wire, port) {
        this.server = server;
        /**
         * The recording proxy in front of it.
         *
         * @type {import("../../../packages/countersign/test/browser/harness/wire.mjs").Wire}
         */
        this.wire = wire;
        this.port = port;
        this.issuer = `${wire.origin}/realms/${REALM}`;
    }

    /** Returns the address of an endpoint of the realm, like `token`, `userinfo` or `logout`. */
    endpoint(name) {
        return `${this.issuer}/protocol/openid-connect/${name}`;
    }

    /**
     * Sends a request to the admin REST API of the realm.
     *
     * @param {string} path under the realm
     * @param {object} [body] JSON
     */
    async administer(method, path, body) {
        const origin = `http://127.0.0.1:${this.port}`;
        const login = await fetch(`${origin}/realms/master/protocol/openid-connect/token`, {
            method: "POST",
            body: new URLSearchParams({
                grant_type: "password",
                client_id: "admin-cli",
                username: ADMINISTRATOR.user,
                password: ADMINISTRATOR.password
            })
        });
        const { access_token } = await login.json();
        const response = await fetch(`${origin}/admin/realms/${REALM}/${path}`, {
            method,
            headers: { Authorization: `Bearer ${access_token}`, "Content-Type": "application/json" },
            body: body === undefined ? undefined : JSON.stringify(body)
        });
        const text = await response.text();
        if (!response.ok) {
            throw new Error(`${method} ${path} -> ${response.status}: ${text}`);
        }
        return text === "" ? undefined : JSON.parse(text);
    }
}

/** Fills in Keycloak's own login page. */
export function logInAtKeycloak(user) {
    return async page => {
        await page.locator("#username").fill(user);
        await page.locator("#password").fill(PASSWORDS[user]);
        await page.locator("#kc-login").click();
    };
}
