/** The README's set-up without a bundler, word for word but for the servers' addresses: the package's files as they are. */
import assert from "node:assert/strict";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { AppServer } from "./harness/app-server.mjs";
import { packageRoot, repository } from "./harness/paths.mjs";
import { assertProof } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

const readme = await readFile(path.join(packageRoot, "README.md"), "utf8");

/** The first block of code under a heading. */
const block = (heading, language) => readme.split(`\n## ${heading}\n`)[1].split(`\`\`\`${language}\n`)[1].split("```")[0];

test("the import map of the README serves an app that logs in, and its call goes out as DPoP", async t => {
    const site = path.join(repository, "target/browser-apps/import-map");
    await rm(site, { recursive: true, force: true });
    await mkdir(site, { recursive: true });
    await cp(path.join(packageRoot, "dist"), path.join(site, "countersign/dist"), { recursive: true });
    const world = await World.create(t, { app: await AppServer.start(site), clients: ["my-app"] });
    const addresses = { "https://login.example.com": world.issuer.origin, "https://api.example.com": `${world.api.origin}/api` };
    await writeFile(path.join(site, "index.html"), block("Without a bundler", "html"));
    await writeFile(path.join(site, "main.js"), block("Set up without the plugin", "ts").replace("./main.lazy", "./app.js"));
    const app = block("Log in and call", "ts").replace(/https:\/\/\w+\.example\.com/g, address => addresses[address]);
    await writeFile(path.join(site, "app.js"), app);

    await world.page.goto(world.app.origin);
    await world.chooseUser();
    const call = await world.api.waitFor(({ method }) => method === "GET");
    assert.equal(call.response.status, 200);
    const [, token] = /^DPoP (.+)$/.exec(call.header("Authorization"));
    await assertProof(call, { token });
});

test("the import map names every subpath that a page imports, and the file that package.json names", async () => {
    const { imports } = JSON.parse(block("Without a bundler", "html").split('<script type="importmap">')[1].split("</script>")[0]);
    const { exports } = JSON.parse(await readFile(path.join(packageRoot, "package.json"), "utf8"));
    const pages = Object.entries(exports).filter(([, target]) => target.module);
    // Import maps do not reach workers.
    const expected = pages.filter(([name]) => ![".", "./worker"].includes(name)).map(([name, target]) => [`countersign${name.slice(1)}`, `/countersign${target.default.slice(1)}`]);
    assert.deepEqual(Object.entries(imports).sort(), expected.sort());
});
