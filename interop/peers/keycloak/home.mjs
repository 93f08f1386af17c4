/**
 * Prepares a home directory for one run of Keycloak. It links the distribution's libraries, and has
 * its own copy of what a run writes: the built server, configuration, data and the realm to import.
 * Simultaneous runs therefore never interfere, and the cached distribution stays unchanged. Needs
 * only Node.
 *
 * Keycloak builds itself at its first start, which takes half of the start-up time, and again if it
 * is given other features. The result is kept for the next run; Keycloak detects whether it still
 * fits.
 */
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const REALM = "countersign";
/** The administrator of the realm `master`. A run's Keycloak listens on loopback only. */
export const ADMINISTRATOR = { user: "administrator", password: "administrator-password" };

const BUILDS = fileURLToPath(new URL("../../../target/interop/keycloak", import.meta.url));
/** The directory, in a home and in a distribution, of the built server. */
const BUILT = "lib/quarkus";
/** More compilation costs more than it saves in the minute that Keycloak runs. */
const JAVA_OPTIONS = "-XX:TieredStopAtLevel=1";
const REALM_TEXT = await readFile(new URL("realm.json", import.meta.url), "utf8");

/** User name to password. @type {Record<string, string>} */
export const PASSWORDS = Object.fromEntries(
    JSON.parse(REALM_TEXT).users.map(({ username, credentials }) => [username, credentials[0].value])
);

/**
 * @typedef {object} Options
 * @property {string} distribution the unpacked distribution
 * @property {string} directory where the home goes; not there yet
 * @property {number} port
 * @property {string[]} apps origins of the single-page apps
 * @property {string[]} audiences what access tokens are for
 * @property {string[]} [flags] more flags of `kc.sh start-dev`
 */

/**
 * @param {Options} options
 * @returns {Promise<{ program: string, args: string[], env: Record<string, string>, keepBuild: () => Promise<void> }>}
 * `keepBuild`: to be called when it is up
 */
export async function prepareHome({ distribution, directory, port, apps, audiences, flags = [] }) {
    const features = flags.filter(flag => flag.startsWith("--features")).map(flag => flag.replace(/\W+/g, "-"));
    const build = path.join(BUILDS, path.basename(distribution) + features.join(""));
    await mkdir(path.join(directory, "lib"), { recursive: true });
    await Promise.all([
        ...["bin/kc.sh", "conf", "providers", "themes", "lib/quarkus-run.jar", "version.txt"].map(name =>
            cp(path.join(distribution, name), path.join(directory, name), { recursive: true })
        ),
        cp(existsSync(build) ? build : path.join(distribution, BUILT), path.join(directory, BUILT), { recursive: true }),
        ...["lib/lib", "lib/app"].map(name => symlink(path.join(distribution, name), path.join(directory, name)))
    ]);
    await mkdir(path.join(directory, "data/import"), { recursive: true });
    const realm = fill(JSON.parse(REALM_TEXT), apps, audiences);
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
            KC_BOOTSTRAP_ADMIN_PASSWORD: ADMINISTRATOR.password,
            JAVA_OPTS_APPEND: `${process.env.JAVA_OPTS_APPEND ?? ""} ${JAVA_OPTIONS}`
        },
        keepBuild: () => copyWhole(path.join(directory, BUILT), build)
    };
}

/** Copies once, so that no one sees an incomplete copy. */
async function copyWhole(from, to) {
    if (!existsSync(to)) {
        const unfinished = `${to}.${process.pid}`;
        await cp(from, unfinished, { recursive: true });
        // Another run may have been faster.
        await rename(unfinished, to).catch(() => rm(unfinished, { recursive: true }));
    }
}

/**
 * Fills in the realm: repeats each redirect URI with `${app}` and each mapper with `${audience}`
 * for every value.
 */
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
