/**
 * The Angular example in Chromium, compiled in the browser (the command-line builder is tested in
 * `bundlers/`), without zone.js and with it.
 */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { build } from "vite";
import { AppServer } from "./harness/app-server.mjs";
import { repository } from "./harness/paths.mjs";
import { assertBoundCall } from "./harness/proof.mjs";
import { World } from "./harness/world.mjs";

/** Builds the example for the test's servers; `edits` change its files. */
async function buildExample(name, { issuer, api }, edits) {
    const outDir = path.join(repository, "target/browser-apps", name);
    await build({
        root: path.join(repository, "examples/angular/src"),
        configFile: false,
        logLevel: "error",
        build: { outDir, emptyOutDir: true },
        plugins: [
            {
                // As Angular's builder does.
                name: "index",
                transformIndexHtml: { order: "pre", handler: html => html.replace("</body>", '<script type="module" src="/main.ts"></script></body>') }
            },
            {
                name: "example",
                enforce: "pre",
                transform(code, id) {
                    const file = path.basename(id);
                    if (file === "config.ts") {
                        return `export const ISSUER = "${issuer}", API = "${api}", CLIENT_ID = "demo";`;
                    }
                    const edited = edits[file]?.(code) ?? code;
                    return file === "main.lazy.ts" ? `import "@angular/compiler";\n${edited}` : edited;
                }
            }
        ]
    });
}

/** Replaces a text that must be there. */
const replace = (text, found, by) => {
    assert.ok(text.includes(found), found);
    return text.replaceAll(found, by);
};

const VARIANTS = {
    zoneless: {},
    zone: {
        "main.lazy.ts": text => `import "zone.js";\n${replace(text, "provideZonelessChangeDetection", "provideZoneChangeDetection")}`
    }
};

async function start(t, name, edits = {}, options = {}) {
    const built = `angular-example-${name}`;
    const app = await AppServer.start(path.join(repository, "target/browser-apps", built));
    const world = await World.create(t, { app, clients: ["demo"], ...options });
    await buildExample(built, { issuer: options.issuer ?? world.issuer.origin, api: world.api.origin }, edits);
    const { page } = world;
    const sees = (selector, text) =>
        page
            .waitForFunction(([selector, text]) => document.querySelector(selector)?.textContent.trim() === text, [selector, text], { polling: 50 })
            .catch(async error => assert.fail(`${error.message}\n${await page.content()}`));
    return { app, world, page, sees };
}

for (const [name, edits] of Object.entries(VARIANTS)) {
    test(`angular, ${name}: the guard logs in, the interceptor's token goes out bound, logout ends it`, async t => {
        const { app, world, page, sees } = await start(t, name, edits);
        await page.goto(app.origin);
        await sees("#who", "Nobody is logged in");
        await page.getByRole("link", { name: "Account" }).click();
        await world.chooseUser();
        await sees("h1", "Account");
        assert.equal(new URL(page.url()).pathname, "/account");
        await sees("#who", "Hello Alice Archer");

        await page.getByRole("button", { name: "Call the API" }).click();
        await page.waitForFunction(() => document.querySelector("#answer")?.textContent.includes("alice"), undefined, { polling: 50 });
        const { access_token: token, token_type } = world.tokenRequests().at(-1).response.json();
        assert.equal(token_type, "DPoP");
        const calls = world.api.list();
        assert.equal(calls.length, 1);
        await assertBoundCall(calls[0], token);

        await page.reload();
        await sees("#who", "Hello Alice Archer");
        await sees("h1", "Account");
        await page.getByRole("button", { name: "Log out" }).click();
        await sees("#who", "Nobody is logged in");
        assert.equal(page.url(), `${app.origin}/`);
    });
}

test("angular: a service that does not hold the app back fills the page when it knows more", async t => {
    const { app, page, sees } = await start(t, "early", {
        "oidc.ts": text => replace(text, "override mock", "override providerAwaitsInitialization = false;\noverride mock"),
        "app.ts": text =>
            replace(text, "template: `\n        @if", "template: `\n        @defer (when oidc.prInitialized | async) {\n        @if")
                .replace("<nav>", '} @placeholder { <p id="wait">Wait</p> }\n<nav>')
                .replace("RouterOutlet],", "RouterOutlet, AsyncPipe],")
                .replace("import", 'import { AsyncPipe } from "@angular/common";\nimport')
    });
    let goOn;
    const held = new Promise(resolve => (goOn = resolve));
    await page.route("**/.well-known/openid-configuration", async route => {
        await held;
        await route.continue();
    });
    await page.goto(app.origin);
    await sees("h1", "Home");
    await sees("#wait", "Wait");
    goOn();
    await sees("#who", "Nobody is logged in");
});

test("angular: what keeps the client from starting is the service's initializationError", async t => {
    const { app, page } = await start(t, "unreachable", undefined, {
        issuer: "http://localhost:1",
        expectedErrors: [/ERR_UNSAFE_PORT|ERR_CONNECTION_REFUSED|Failed to load/]
    });
    await page.goto(app.origin);
    await page.waitForFunction(() => document.querySelector("#error")?.textContent.includes("http://localhost:1"), undefined, { polling: 50 });
});

test("angular: provideMock shows a user without engine and server", async t => {
    const { app, world, page, sees } = await start(t, "mock", {
        "main.lazy.ts": text => replace(text, "Oidc.provide({ issuerUri: ISSUER, clientId: CLIENT_ID })", "Oidc.provideMock()")
    });
    await page.goto(app.origin);
    await sees("#who", "Hello Mock");
    await page.getByRole("link", { name: "Account" }).click();
    await sees("h1", "Account");
    assert.deepEqual(world.issuer.list(), []);
});
