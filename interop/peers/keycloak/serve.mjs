/**
 * Runs one Keycloak until it is told to end, for `cargo xtask demo --keycloak`. Needs only Node and
 * a JDK.
 *
 *     node serve.mjs --distribution DIRECTORY --directory HOME --port PORT --app ORIGIN --audience
 *     URI
 *
 * HOME is removed before and after the run.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { prepareHome, REALM } from "./home.mjs";

const POLL_MILLISECONDS = 500;

const string = { type: "string" };
const {
    values: { distribution, directory, port, app, audience }
} = parseArgs({ options: { distribution: string, directory: string, port: string, app: string, audience: string } });

const remove = () => rmSync(directory, { recursive: true, force: true });
remove();
process.on("exit", remove);
const { program, args, env, keepBuild } = await prepareHome({
    distribution,
    directory,
    port: Number(port),
    apps: [app],
    audiences: [audience],
    // Its messages at the start would bury those of the demo.
    flags: ["--log-level=warn"]
});
const keycloak = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "inherit", "inherit"] });
for (const signal of ["SIGTERM", "SIGINT"]) {
    process.on(signal, () => keycloak.kill("SIGTERM"));
}
keycloak.on("error", error => {
    console.error(`error: ${program}: ${error.message}`);
    process.exit(1);
});
keycloak.on("close", status => process.exit(status ?? 1));

while (!(await isUp())) {
    await new Promise(resolve => setTimeout(resolve, POLL_MILLISECONDS));
}
await keepBuild();

function isUp() {
    return fetch(`http://127.0.0.1:${port}/realms/${REALM}`).then(
        response => response.ok,
        () => false
    );
}
