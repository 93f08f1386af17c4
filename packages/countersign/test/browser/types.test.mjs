/** The test apps are TypeScript as users write it: they compile against the package's declarations. */
import { execFile } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { apps, repository } from "./harness/paths.mjs";

test("both set-ups type-check", async () => {
    await promisify(execFile)("node", [path.join(repository, "node_modules/typescript/bin/tsc"), "-p", apps]).catch(
        error => {
            throw new Error(error.stdout);
        }
    );
});
