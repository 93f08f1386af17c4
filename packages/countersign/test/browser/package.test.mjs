/** The packed tarball in an app outside the repository: Vite's dev server with a cold cache, and the build. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertBoundCall } from "./harness/proof.mjs";
import { ViteApp, installTarball, readInstalled } from "./harness/vite-app.mjs";
import { World } from "./harness/world.mjs";

let project;

before(async () => {
    project = await installTarball();
});

after(() => project?.remove());

async function assertWorks(world) {
    assert.equal((await world.start()).main.isUserLoggedIn, true);
    assert.equal((await world.open()).main.isUserLoggedIn, true, "restored");
    const { accessToken } = await world.tokens();
    for (const transport of ["fetch", "xhr"]) {
        const mark = world.api.mark();
        assert.equal((await world.call({ url: `${world.api.origin}/api/me`, transport })).status, 200);
        await assertBoundCall(world.api.list({ since: mark })[0], accessToken);
    }
    assert.deepEqual(await world.logOut(), { main: { isUserLoggedIn: false } });
    // The dev server's page would notice that its server ends.
    await world.page.goto("about:blank");
}

test("moving over by npm alias alone works in Vite: the package is installed as oidc-spa, and the app says oidc-spa", async t => {
    const aliased = await installTarball("oidc-spa");
    t.after(aliased.remove);
    const app = await ViteApp.create(aliased, "plugin");
    const world = await World.create(t, { app });
    await t.test("dev server", async () => {
        await app.dev();
        await assertWorks(world).finally(() => app.stop());
    });
    await t.test("build", async () => {
        await app.preview();
        await assertWorks(world).finally(() => app.stop());
    });
});

for (const setup of ["plugin", "manual"]) {
    test(`the tarball works in Vite's dev server with a cold cache, and in its build (${setup})`, async t => {
        const app = await ViteApp.create(project, setup);
        const world = await World.create(t, { app });
        await t.test("dev server", async () => {
            await app.dev();
            await assertWorks(world).finally(() => app.stop());
        });
        await t.test("build", async () => {
            await app.preview();
            await assertWorks(world).finally(() => app.stop());
        });
    });
}

test("the tarball holds the engine, types and licences, no test, and needs no other package", async () => {
    const { files, manifest } = await readInstalled(project);
    for (const needed of ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "dist/engine/bytes.js", "dist/core.d.ts"]) {
        assert.ok(files.includes(needed), needed);
    }
    assert.deepEqual(files.filter(file => /test|\.rs$|\.map$|tsconfig/.test(file)), []);
    assert.equal(manifest.dependencies, undefined);
    const targets = entry => (typeof entry === "string" ? [entry] : Object.values(entry).flatMap(targets));
    const named = [manifest.exports, manifest.typesVersions, manifest.main, manifest.module, manifest.types].flatMap(targets);
    assert.ok(named.length > 40, "the manifest is read");
    for (const target of named) {
        assert.ok(files.includes(target.replace("./", "")), target);
    }
});
