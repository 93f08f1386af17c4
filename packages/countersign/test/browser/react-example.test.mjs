/** The React example, built as it is: with a login and React Router's loaders, and mocked without anything of the engine. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { build, createServer } from "vite";
import { AppServer } from "./harness/app-server.mjs";
import { repository } from "./harness/paths.mjs";
import { assertBoundCall } from "./harness/proof.mjs";
import { test } from "./harness/test.mjs";
import { World } from "./harness/world.mjs";

const root = path.join(repository, "examples/react");

async function buildExample(name, environment, config = {}) {
    const outDir = path.join(repository, "target/browser-apps", name);
    Object.assign(process.env, { VITE_ISSUER: "", VITE_API: "", VITE_CLIENT_ID: "", VITE_MOCK: "" }, environment);
    await build({ root, build: { outDir, emptyOutDir: true }, logLevel: "error", ...config });
    return outDir;
}

const heading = (page, name) => page.getByRole("heading", { name, exact: true }).waitFor();

test("a loader of React Router enforces the login, comes back to its route, and calls the API with DPoP", async t => {
    const app = await AppServer.start(path.join(repository, "target/browser-apps/react-example"));
    const world = await World.create(t, { app, clients: ["demo"] });
    const { page, issuer, api } = world;
    await buildExample("react-example", { VITE_ISSUER: issuer.origin, VITE_API: api.origin, VITE_CLIENT_ID: "demo" });

    await page.goto(app.origin);
    await heading(page, "Home");
    await page.getByRole("link", { name: "Profile" }).click();
    await world.chooseUser();
    await page.getByText("The id_token is about alice, and the API answered alice.").waitFor();
    assert.equal(page.url(), `${app.origin}/profile?tab=me`);
    const { access_token: token } = world.tokenRequests().at(-1).response.json();
    await assertBoundCall(api.list({ path: "/api/me" })[0], token);

    // A navigation when somebody is logged in leaves nothing.
    const mark = issuer.mark();
    await page.getByRole("link", { name: "Home" }).click();
    await heading(page, "Home");
    await page.getByRole("link", { name: "Profile" }).click();
    await heading(page, "Profile");
    assert.deepEqual(issuer.list({ since: mark }), []);

    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("button", { name: "Log in" }).click();
    await world.chooseUser();
    await page.getByText("Hello").waitFor();
    assert.equal(page.url(), `${app.origin}/`);
});

test("the mocked example loads nothing of core and engine, and asks nobody", async t => {
    // Without the plugin there is no early init, as in Storybook.
    const directory = await buildExample("react-example-mock", { VITE_MOCK: "1" }, { configFile: false });
    const app = await AppServer.start(directory);
    const world = await World.create(t, { app });
    const { page } = world;
    await page.goto(app.origin);
    await heading(page, "Home");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("Hello Mock User").waitFor();
    assert.equal(page.url(), `${app.origin}/`, "the mock's parameter is gone");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("button", { name: "Log in" }).waitFor();

    const files = [...new Set(app.requests)].filter(request => request.endsWith(".js")).map(request => request.replace(/^GET \/assets\/([\w.]+)-[\w-]{8}\.js$/, "$1"));
    assert.deepEqual(files.sort(), ["index", "mockOidc"]);
    assert.deepEqual(world.issuer.list(), []);
    assert.equal(await page.evaluate(() => fetch.toString().includes("[native code]")), true);
});

test("Vite's dev server serves the example with a cold cache: one React, one client", async t => {
    Object.assign(process.env, { VITE_ISSUER: "", VITE_API: "", VITE_CLIENT_ID: "", VITE_MOCK: "1" });
    const cacheDir = path.join(repository, "target/browser-apps/react-example-vite");
    await rm(cacheDir, { recursive: true, force: true });
    const server = await createServer({ root, cacheDir, logLevel: "error", server: { host: "localhost", port: 0, strictPort: false, hmr: false, watch: null, ws: false } });
    await server.listen();
    const app = { origin: `http://localhost:${server.httpServer.address().port}`, close: () => server.close() };
    // Vite reloads the page once it has found what to bundle first.
    const world = await World.create(t, { app, expectedErrors: [/504|Outdated Optimize Dep|Failed to fetch dynamically imported module|WebSocket/] });
    const { page } = world;
    await page.goto(app.origin);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("Hello Mock User").waitFor();
    await page.goto("about:blank");
});
