/**
 * A home for one run of Keycloak: the distribution's libraries by link, and of its own what a run writes: the built
 * server, configuration, data and the realm to import. So that runs at the same time never meet, and the cached
 * distribution stays as it was unpacked. Needs nothing but Node.
 */
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

export const REALM = "countersign";
/** User name to password, as in `realm.json`. */
export const PASSWORDS = { alice: "alice-password", bob: "bob-password" };
/** Of the realm `master`; a run's Keycloak listens on loopback only. */
export const ADMINISTRATOR = { user: "administrator", password: "administrator-password" };

const REALM_FILE = new URL("realm.json", import.meta.url);

/**
 * @typedef {object} Options
 * @property {string} distribution the unpacked distribution
 * @property {string} directory where the home goes; not there yet
 * @property {number} port
 * @property {string[]} apps origins of the single-page apps
 * @property {string[]} audiences what access tokens are for
 * @property {string[]} [flags] more flags of `kc.sh start-dev`
 */

/** @param {Options} options @returns {Promise<{ program: string, args: string[], env: Record<string, string> }>} */
export async function prepareHome({ distribution, directory, port, apps, audiences, flags = [] }) {
    await mkdir(path.join(directory, "lib"), { recursive: true });
    await Promise.all([
        ...["bin/kc.sh", "conf", "providers", "themes", "lib/quarkus", "lib/quarkus-run.jar", "version.txt"].map(name =>
            cp(path.join(distribution, name), path.join(directory, name), { recursive: true })
        ),
        ...["lib/lib", "lib/app"].map(name => symlink(path.join(distribution, name), path.join(directory, name)))
    ]);
    await mkdir(path.join(directory, "data/import"), { recursive: true });
    const realm = fill(JSON.parse(await readFile(REALM_FILE, "utf8")), apps, audiences);
    await writeFile(path.join(directory, "data/import", `${REALM}-realm.json`), JSON.stringify(realm, null, 4));
    return {
        program: path.join(directory, "bin/kc.sh"),
        args: [
            "start-dev",
            "--import-realm",
            "--db=dev-mem",
            "--http-host=127.0.0.1",
            `--http-port=${port}`,
            ...flags
        ],
        env: {
            KC_BOOTSTRAP_ADMIN_USERNAME: ADMINISTRATOR.user,
            KC_BOOTSTRAP_ADMIN_PASSWORD: ADMINISTRATOR.password
        }
    };
}

/** `${app}` in a redirect URI and `${audience}` in a mapper: one for each. */
function fill(realm, apps, audiences) {
    for (const client of realm.clients) {
        client.redirectUris = repeat(client.redirectUris ?? [], "${app}", apps);
        client.protocolMappers = repeat(client.protocolMappers, "${audience}", audiences);
    }
    return realm;
}

function repeat(elements, placeholder, values) {
    return elements.flatMap(element => {
        const text = JSON.stringify(element);
        return text.includes(placeholder)
            ? values.map(value => JSON.parse(text.replaceAll(placeholder, value)))
            : [element];
    });
}
