/** Whatever ends a test file, its browser ends with it, and nothing of it stays on the disk. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const DRIVERS = fileURLToPath(new URL("harness/drivers/index.mjs", import.meta.url));
/** Opens a page, says so, and waits for its end. */
const SCRIPT = `
    const { launch } = await import(${JSON.stringify(DRIVERS)});
    const context = await (await launch()).newContext();
    const page = await context.newPage();
    await page.goto("about:blank");
    console.log("ready");
    setInterval(() => {}, 1000);
`;

/** The processes that have this in their environment, which they inherit. */
async function processesWith(text) {
    const found = [];
    for (const id of (await readdir("/proc")).filter(name => /^\d+$/.test(name))) {
        const environment = await readFile(`/proc/${id}/environ`, "utf8").catch(() => "");
        // A process that has ended and was not waited for has no environment.
        environment.includes(text) && found.push(id);
    }
    return found;
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
    test(`a test file that is ended by ${signal} leaves neither processes nor a profile`, async t => {
        if (process.platform !== "linux") {
            t.skip("processes are looked for in /proc");
            return;
        }
        const directory = await mkdtemp(path.join(os.tmpdir(), "endings-"));
        t.after(() => rm(directory, { recursive: true, force: true }));
        const child = spawn(process.execPath, ["--input-type=module", "--eval", SCRIPT], {
            stdio: ["ignore", "pipe", "inherit"],
            env: { ...process.env, TMPDIR: directory, NODE_TEST_CONTEXT: undefined }
        });
        const ended = once(child, "exit");
        assert.match(String(await Promise.race([once(child.stdout, "data"), ended])), /ready/);
        assert.ok((await processesWith(`TMPDIR=${directory}`)).length > 1);
        child.kill(signal);
        await ended;
        // The kernel ends them after the process that has killed them.
        for (let tries = 0; tries < 100 && (await processesWith(`TMPDIR=${directory}`)).length > 0; tries++) {
            await sleep(100);
        }
        assert.deepEqual(await processesWith(`TMPDIR=${directory}`), []);
        // Chromium leaves the folder of a socket, whoever ends it.
        const left = (await readdir(directory)).filter(name => !name.startsWith("org.chromium."));
        assert.deepEqual(left, []);
    });
}
