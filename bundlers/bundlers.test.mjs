/** The packed package in webpack, Parcel and Jest, with their default settings: the short form of `cargo xtask bundlers`. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import webpack from "webpack";
import { AppServer } from "../packages/countersign/test/browser/harness/app-server.mjs";
import { assertBoundCall } from "../packages/countersign/test/browser/harness/proof.mjs";
import { World } from "../packages/countersign/test/browser/harness/world.mjs";
import { unpack } from "../packages/countersign/test/unit/support/packed.mjs";
import { makeApp } from "./lib/app.mjs";

const program = name => fileURLToPath(new URL(`node_modules/${name}`, import.meta.url));

const bundlers = {
    async webpack({ root }) {
        const stats = await new Promise((resolve, reject) =>
            webpack({ mode: "production", context: root, entry: "./src/main.js", output: { path: path.join(root, "dist") } }, (error, stats) => (error ? reject(error) : resolve(stats)))
        );
        assert.deepEqual(stats.toJson({ errors: true, warnings: true }).errors, []);
        return '<!doctype html><html lang="en"><head><meta charset="utf-8" /><title>app</title></head><body><script src="/main.js"></script></body></html>';
    },
    async Parcel({ run }) {
        await run("node", program("parcel/lib/bin.js"), "build", "index.html", "--dist-dir", "dist", "--no-cache");
    }
};

for (const [bundler, build] of Object.entries(bundlers)) {
    for (const name of ["countersign", "oidc-spa"]) {
        test(`${bundler} builds an app that has the package under the name ${name}, and all of the page has one instance`, async t => {
            const project = await makeApp(name);
            t.after(project.remove);
            const page = await build(project);
            page && (await project.write("dist/index.html", page));
            const world = await World.create(t, { app: await AppServer.start(path.join(project.root, "dist")) });
            assert.equal((await world.start()).main.isUserLoggedIn, true);
            assert.equal((await world.open()).main.isUserLoggedIn, true, "restored");
            const { accessToken } = await world.tokens();
            const mark = world.api.mark();
            assert.equal((await world.call({ url: `${world.api.origin}/api/me` })).status, 200);
            await assertBoundCall(world.api.list({ since: mark })[0], accessToken);
            assert.equal(await world.page.evaluate(() => window.isOneInstance), true, "what a CommonJS library requires is what the app imports");
        });
    }
}

const JEST = `
const subpaths = ["/entrypoint", "/core", "/DPoP", "/browser-runtime-freeze", "/core-mock", "/decode-jwt", "/keycloak", "/keycloak-js", "/react-spa"];
const modules = ["", ...subpaths].map(subpath => "countersign" + subpath);
test.each(modules)("%s can be required", name => {
    expect(Object.keys(require(name)).length).toBeGreaterThan(0);
});
test("the app's own code runs, and createOidc says that there is no page", async () => {
    const { createOidc, OidcInitializationError, oidcEarlyInit } = require("countersign/core");
    expect(oidcEarlyInit({ BASE_URL: "/" })).toEqual({ shouldLoadApp: true });
    const error = await createOidc({ issuerUri: "https://login.example.com", clientId: "app" }).catch(error => error);
    expect(error).toBeInstanceOf(OidcInitializationError);
    expect(error.code).toBe("not_in_browser");
});
const parse = claims => claims;
const { oidcSpa } = require("countersign/react-spa");
const isPage = typeof document === "object";
test("components have a mocked client", async () => {
    const { act, createElement } = require("react");
    const shape = { decodedIdTokenSchema: { parse }, decodedIdToken_mock: { sub: "alice" } };
    const { bootstrapOidc, useOidc } = oidcSpa.withExpectedDecodedIdTokenShape(shape).createUtils();
    await bootstrapOidc({ implementation: "mock", isUserInitiallyLoggedIn: true });
    const Who = () => useOidc({ assert: "user logged in" }).decodedIdToken.sub;
    if (isPage) {
        globalThis.IS_REACT_ACT_ENVIRONMENT = true;
        const element = document.createElement("div");
        await act(async () => require("react-dom/client").createRoot(element).render(createElement(Who)));
        expect(element.innerHTML).toBe("alice");
    } else {
        expect(require("react-dom/server").renderToString(createElement(Who))).toBe("alice");
    }
});
test("a client that is not mocked says that there is no page", async () => {
    const { bootstrapOidc, getOidc } = oidcSpa.withAutoLogin().createUtils();
    await bootstrapOidc({ implementation: "real", issuerUri: "https://login.example.com", clientId: "app" });
    await expect(getOidc()).rejects.toThrow(isPage ? /^countersign: createOidc\\(\\) was called where there is no page/ : /^countersign: getOidc\\(\\) has no client on a server/);
});
test("createMockOidc and decodeJwt work", async () => {
    const oidc = await require("countersign/core-mock").createMockOidc({ isUserInitiallyLoggedIn: false });
    expect(oidc.isUserLoggedIn).toBe(false);
    expect(require("countersign/decode-jwt").decodeJwt("e30.eyJzdWIiOiJhbGljZSJ9.")).toEqual({ sub: "alice" });
});
`;

for (const environment of ["node", "jsdom"]) {
    test(`Jest imports the package by its default settings, in its environment ${environment}`, async t => {
        const project = await unpack();
        t.after(project.remove);
        await project.link("react");
        await project.link("react-dom");
        await project.write("package.json", '{ "name": "app", "version": "1.0.0" }');
        await project.write("app.test.js", `/** @jest-environment ${environment === "node" ? "node" : program("jest-environment-jsdom")} */\n${JEST}`);
        await project.run("node", program("jest/bin/jest.js"), "--ci");
    });
}
