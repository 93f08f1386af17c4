/** Real builds of frameworks that render on a server, opened in Chromium: the long form of `cargo xtask bundlers`. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdir, readFile, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launchChromium } from "../../packages/countersign/test/chromium.mjs";
import { listenOnLoopback } from "../../packages/countersign/test/browser/harness/loopback.mjs";
import { unpack } from "../../packages/countersign/test/unit/support/packed.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const program = name => path.join(here, "node_modules", name);
/** Below `node_modules`, so that the frameworks are found, and the package too. */
const runs = path.join(here, "runs");
const LIMIT_MILLISECONDS = 30_000;

let browser;
before(async () => {
    await mkdir(runs, { recursive: true });
    browser = await launchChromium();
});
after(async () => {
    await browser?.close();
    await rm(runs, { recursive: true, force: true });
});

const warns = (framework, file) => output =>
    assert.ok(output.includes(`countersign: ${framework} renders its pages itself, so the plugin cannot put early init into them; write ${file} that calls`), output);
const isSilent = output => assert.doesNotMatch(output, /countersign:/);

const frameworks = {
    next: {
        state: "app",
        build: [program("next/dist/bin/next"), "build"],
        start: port => [program("next/dist/bin/next"), "start", "--port", port],
        check: isSilent
    },
    nuxt: {
        build: [program("nuxt/bin/nuxt.mjs"), "build"],
        start: () => [".output/server/index.mjs"],
        check: isSilent,
        base: "/shop/"
    },
    "react-router": {
        state: "app",
        build: [program("@react-router/dev/bin.js"), "build"],
        start: () => [program("@react-router/serve/bin.js"), "build/server/index.js"],
        check: warns("React Router", "app/entry.client.tsx")
    },
    "tanstack-start": {
        state: "src",
        build: [program("vite/bin/vite.js"), "build"],
        start: port => [program("vite/bin/vite.js"), "preview", "--port", port, "--strictPort"],
        check: warns("TanStack Start", "src/client.tsx")
    }
};

for (const [name, { state, build, start, check, base }] of Object.entries(frameworks)) {
    test(`${name} builds, renders on the server, and finds early init in the browser`, async t => {
        const project = await unpack("countersign", runs);
        t.after(project.remove);
        for (const file of await readdir(path.join(here, "apps", name))) {
            await cp(path.join(here, "apps", name, file), path.join(project.root, file), { recursive: true });
        }
        state && (await cp(path.join(here, "apps/state.js"), path.join(project.root, state, "state.js")));
        const { dependencies } = JSON.parse(await readFile(path.join(here, "package.json"), "utf8"));
        await project.write("package.json", JSON.stringify({ name: "app", private: true, type: "module", dependencies }));
        check(await project.run("node", ...build));

        const { port, close } = await listenOnLoopback(() => undefined);
        await close();
        const address = `http://localhost:${port}${base ?? "/"}`;
        const env = { ...process.env, PORT: `${port}`, NODE_ENV: "production" };
        const server = spawn("node", start(`${port}`), { cwd: project.root, env, stdio: ["ignore", "pipe", "pipe"] });
        let printed = "";
        [server.stdout, server.stderr].forEach(stream => stream.setEncoding("utf8").on("data", text => (printed += text)));
        t.after(() => server.kill("SIGKILL"));
        const html = await answerOf(address, () => (server.exitCode === null ? undefined : printed));
        assert.match(html, /rendered on the server/);

        const page = await browser.newPage();
        t.after(() => page.close());
        await page.goto(address);
        const found = await page.waitForFunction(() => {
            const text = document.querySelector("#state")?.textContent;
            return text === "rendered on the server" ? undefined : text;
        }, undefined, { timeout: LIMIT_MILLISECONDS });
        assert.equal(await found.jsonValue(), `out: discovery_unreachable${base === undefined ? "" : `, ${base}`}`);
        assert.equal(server.exitCode, null, `what createOidc rejects with does not end the server: ${printed}`);
    });
}

/** Waits for the server. `ended` returns what it printed, if it has ended. */
async function answerOf(address, ended) {
    for (const deadline = Date.now() + LIMIT_MILLISECONDS; ; ) {
        const response = await fetch(address).catch(() => undefined);
        if (response?.ok) {
            return response.text();
        }
        assert.equal(ended(), undefined);
        assert.ok(Date.now() < deadline, `${address} does not answer${response ? `, but with ${response.status}: ${await response.text()}` : ""}`);
        await new Promise(resolve => setTimeout(resolve, 100));
    }
}
