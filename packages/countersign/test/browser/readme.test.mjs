/** The README's quick starts for single-page apps, word for word but for the servers' addresses: built, opened, logged in. */
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { build } from "vite";
import { AppServer } from "./harness/app-server.mjs";
import { repository } from "./harness/paths.mjs";
import { assertProof } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

const PAGE = '<!doctype html><title>An app</title><script type="module" src="/src/main.ts"></script>\n';
/** "At most ten lines for each reader". */
const MOST_LINES = 10;

const readme = await readFile(path.join(repository, "README.md"), "utf8");

/** The TypeScript under a heading, by the file names in its first lines. */
function files(heading) {
    const section = readme.split("\n### ").find(text => text.startsWith(`${heading}\n`));
    assert.ok(section, heading);
    const blocks = section.split("```ts\n").slice(1).map(rest => rest.split("```")[0]);
    const lines = blocks.join("").split("\n").filter(line => line !== "" && !line.startsWith("//"));
    assert.ok(lines.length <= MOST_LINES, `${heading}: ${lines.length} lines`);
    return Object.fromEntries(blocks.map(block => [/^\/\/ ([\w./]+)/.exec(block)[1], block]));
}

const withVite = files("A single-page app with Vite");
const quickStarts = {
    "with Vite": withVite,
    "with any bundler": {
        ...files("A single-page app with any bundler"),
        "src/main.lazy.ts": withVite["src/main.ts"]
    }
};

for (const [name, sources] of Object.entries(quickStarts)) {
    test(`the quick start ${name} logs in, and its call goes out as DPoP`, async t => {
        const project = path.join(repository, "target/browser-apps", `readme ${name}`.replaceAll(" ", "-"));
        await rm(project, { recursive: true, force: true });
        const built = path.join(project, "built");
        const app = await AppServer.start(built);
        const world = await World.create(t, { app, clients: ["my-app"] });
        const addresses = { "https://login.example.com": world.issuer.origin, "https://api.example.com": `${world.api.origin}/api` };
        await mkdir(path.join(project, "src"), { recursive: true });
        await writeFile(path.join(project, "index.html"), PAGE);
        for (const [file, text] of Object.entries(sources)) {
            const placed = text.replace(/https:\/\/\w+\.example\.com/g, address => addresses[address]);
            await writeFile(path.join(project, file), placed);
        }
        await build({ root: project, build: { outDir: built }, logLevel: "error" });

        await world.page.goto(app.origin);
        await world.chooseUser();
        const call = await world.api.waitFor(({ method }) => method === "GET");
        assert.equal(call.response.status, 200);
        assert.equal(call.path, "/api/me");
        const [, token] = /^DPoP (.+)$/.exec(call.header("Authorization"));
        await assertProof(call, { token });
    });
}
