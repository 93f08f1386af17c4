/** The example of `countersign/keycloak-js`: built as it is, opened, logged in. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { build } from "vite";
import { AppServer } from "./harness/app-server.mjs";
import { likeKeycloak } from "./harness/like-keycloak.mjs";
import { repository } from "./harness/paths.mjs";
import { assertBoundCall } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

test("the example logs in, calls its API with a proof, refreshes, registers and logs out", async t => {
    const built = path.join(repository, "target/browser-apps/keycloak-js-example");
    const app = await AppServer.start(built);
    const world = await World.create(t, { app, clients: ["myclient"], issuerPath: "/realms/main" });
    t.after(await likeKeycloak(world, { roles: { realm_access: { roles: ["admin"] } } }));
    const { page, issuer, api } = world;
    Object.assign(process.env, { VITE_KEYCLOAK: issuer.origin, VITE_REALM: "main", VITE_API: api.origin });
    await build({ root: path.join(repository, "examples/keycloak-js"), build: { outDir: built, emptyOutDir: true }, logLevel: "error" });
    const shows = text => page.waitForFunction(text => document.querySelector("#user")?.textContent === text, text, { polling: 20 });
    const logs = text => page.waitForFunction(text => document.querySelector("#log").textContent.includes(text), text, { polling: 20 });

    await page.goto(app.origin);
    await shows("Nobody is logged in");
    await page.click("#login");
    await page.getByRole("button", { name: "Cancel" }).click();
    await logs("not logged in: access_denied");
    await page.click("#register");
    await world.chooseUser("alice");
    await shows("You are alice");
    await logs("logged in");
    assert.equal(issuer.list({ path: "/realms/main/protocol/openid-connect/registrations" }).length, 1);

    await page.click("#roles");
    await logs('[["admin"],true]');
    const mark = issuer.mark();
    await page.click("#refresh");
    await logs("refreshed");
    assert.equal(world.tokenRequests(mark).length, 1);

    await page.click("#logout");
    await shows("Nobody is logged in");
});

test("the example's call carries a proof", async t => {
    const built = path.join(repository, "target/browser-apps/keycloak-js-example-call");
    const app = await AppServer.start(built);
    const world = await World.create(t, { app, clients: ["myclient"], issuerPath: "/realms/main" });
    // Without roles: the API checks the token's signature.
    t.after(await likeKeycloak(world));
    const { page, issuer, api } = world;
    Object.assign(process.env, { VITE_KEYCLOAK: issuer.origin, VITE_REALM: "main", VITE_API: api.origin });
    await build({ root: path.join(repository, "examples/keycloak-js"), build: { outDir: built, emptyOutDir: true }, logLevel: "error" });
    await page.goto(app.origin);
    await page.click("#login");
    await world.chooseUser("alice");
    await page.waitForFunction(() => document.querySelector("#user")?.textContent === "You are alice", undefined, { polling: 20 });
    await page.click("#call");
    const { response } = await api.waitFor(({ path, method }) => path === "/api/me" && method === "GET");
    assert.equal(response.status, 200);
    const { access_token } = world.tokenRequests().at(-1).response.json();
    await assertBoundCall(api.list()[0], access_token);
});
