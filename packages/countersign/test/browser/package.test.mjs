/** The packed tarball in an app outside the repository: Vite's dev server with a cold cache, and the build. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { installTarball, readInstalled, testApp } from "./harness/vite-app.mjs";

let project;

before(async () => {
    project = await installTarball();
});

after(() => project?.remove());

test("moving over by npm alias alone works in Vite: the package is installed as oidc-spa, and the app says oidc-spa", async t => {
    const aliased = await installTarball("oidc-spa");
    t.after(aliased.remove);
    await testApp(t, aliased, "plugin");
});

for (const setup of ["plugin", "manual"]) {
    test(`the tarball works in Vite's dev server with a cold cache, and in its build (${setup})`, t => testApp(t, project, setup));
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
