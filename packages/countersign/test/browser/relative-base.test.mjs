/** Vite's `base: "./"`: the app is told where it is, by the plugin or by `createOidc`, or says that nobody told it. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { oidcSpa } from "countersign/vite-plugin";
import { build } from "vite";
import { AppServer } from "./harness/app-server.mjs";
import { apps, repository } from "./harness/paths.mjs";
import { World } from "./harness/world.mjs";

async function buildWith(name, options) {
    const outDir = path.join(repository, "target/browser-apps", `relative-base-${name}`);
    await rm(outDir, { recursive: true, force: true });
    const plugins = [oidcSpa({ DPoP: { enabled: true, mode: "auto" }, ...options })];
    await build({ root: path.join(apps, "plugin"), configFile: false, base: "./", plugins, build: { outDir, emptyOutDir: true }, logLevel: "error" });
    return AppServer.start(outDir);
}

for (const [name, options, params] of [
    ["the plugin", { BASE_URL: "/" }, {}],
    ["createOidc", {}, { main: { BASE_URL: "/" } }]
]) {
    test(`an app built with a relative base logs in and is restored, if ${name} has BASE_URL`, async t => {
        const world = await World.create(t, { app: await buildWith(name.replace(" ", "-"), options), params });
        assert.equal((await world.start()).main.isUserLoggedIn, true);
        assert.equal((await world.open()).main.isUserLoggedIn, true, "restored");
    });
}

test("an app built with a relative base, and told nothing, says what is missing and where to give it", async t => {
    const world = await World.create(t, { app: await buildWith("nothing", {}), expectedErrors: [/BASE_URL/] });
    const { main } = await world.open();
    assert.equal(main.rejected.code, "base_url_missing");
    assert.match(main.rejected.message, /BASE_URL is missing; give "\/" or the path where the app is served to the Vite plugin \(whose base may be "\.\/"\), to oidcEarlyInit\(\) or to createOidc\(\)\.$/);
});
