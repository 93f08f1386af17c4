/** The plugin in each major version of Vite that it supports, but the newest, which the browser suite has. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { promisify } from "node:util";
import { installTarball, testApp } from "../packages/countersign/test/browser/harness/vite-app.mjs";

const pluginTests = fileURLToPath(new URL("../packages/countersign/test/unit/plugin.test.mjs", import.meta.url));

for (const major of [5, 6, 7]) {
    const directory = fileURLToPath(new URL(`node_modules/vite-${major}`, import.meta.url));
    const { version } = JSON.parse(await readFile(`${directory}/package.json`, "utf8"));

    test(`the plugin works in Vite ${version}: in the dev server with a cold cache, and in the build`, async t => {
        const project = await installTarball("countersign", directory);
        t.after(project.remove);
        await testApp(t, project, "plugin");
    });

    test(`the plugin's own tests pass in Vite ${version}`, async () => {
        const env = { ...process.env, VITE: `${directory}/dist/node/index.js`, NODE_TEST_CONTEXT: undefined };
        // A failure shows what the tests printed.
        await promisify(execFile)("node", [pluginTests], { env }).catch(({ message, stdout }) => Promise.reject(new Error(`${message}\n${stdout}`)));
    });
}
