// The plugin in real Vite, over an app with a stand-in for the package that only says in which order things ran.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

/** `VITE` names the module of another version of Vite. */
const { build, createServer } = await import(process.env["VITE"] ?? "vite");

const files = {
    "package.json": '{ "name": "app", "type": "module", "sideEffects": false, "dependencies": { "countersign": "0.0.0" } }',
    "index.html": `<!doctype html>
<html><head>
<!-- <script type="module" src="/not.js"></script> -->
<script type="module" src="https://elsewhere.example/x.js"></script>
<script src='src/main.ts?a=1&amp;b=2' nonce="n&quot;1" type=module></script>
<script type="module" src="/copied.js"></script>
</head><body>
<script type="module">import { name } from "./src/helper.ts"; log("inline", name); // a < b</script>
</body></html>`,
    "nested/page.html": '<script type="module" src="../src/second.ts"></script>',
    "static.html": "<p>no script</p>",
    "public/copied.js": "",
    "src/main.ts": 'import "./main.css"; import { name } from "./helper.ts"; log("main", name);',
    "src/second.ts": 'log("second");',
    "src/helper.ts": 'export const name: string = "helper";',
    "src/main.css": "p { color: red }",
    "node_modules/countersign/package.json": '{ "name": "countersign", "version": "0.0.0", "type": "module", "exports": { "./*": "./dist/*.js" } }',
    "node_modules/countersign/dist/entrypoint.js": 'export const oidcEarlyInit = params => { log("early", params); return { shouldLoadApp: globalThis.shouldLoadApp }; };',
    "node_modules/countersign/dist/DPoP.js": 'export const DPoP = params => ({ enableDPoP: ["DPoP", params] });',
    "node_modules/countersign/dist/browser-runtime-freeze.js": 'export const apiNames = ["fetch"]; export const browserRuntimeFreeze = params => ({ enableBrowserRuntimeFreeze: ["freeze", params] });'
};

let root, oidcSpa;
const warnings = [];
const configuration = (options, base = "/app/") => ({
    root,
    configFile: false,
    base,
    plugins: [oidcSpa(options)],
    customLogger: { info() {}, warn: message => warnings.push(message), warnOnce() {}, error: message => warnings.push(message), clearScreen() {}, hasErrorLogged: () => false, hasWarned: false },
    build: { modulePreload: false, cssCodeSplit: false, rollupOptions: { input: ["index.html", "nested/page.html", "static.html"].map(page => path.join(root, page)) } }
});
const options = { DPoP: { enabled: true, mode: "enforced" }, browserRuntimeFreeze: { enabled: true, excludes: ["fetch"] }, sessionRestorationMethod: "iframe" };

before(async () => {
    root = await realpath(await mkdtemp(path.join(tmpdir(), "countersign-plugin-")));
    for (const [name, content] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(root, name)), { recursive: true });
        await writeFile(path.join(root, name), content);
    }
    // The plugin itself, and what it reads in Node, are the real ones.
    const dist = fileURLToPath(new URL("../../dist", import.meta.url));
    for (const name of ["vite-plugin", "page/own.js", "entry/url.js"]) {
        await cp(path.join(dist, name), path.join(root, "node_modules/countersign/dist", name), { recursive: true });
    }
    ({ oidcSpa } = await import(path.join(root, "node_modules/countersign/dist/vite-plugin/index.js")));
});
after(() => rm(root, { recursive: true, force: true }));

/** Runs the built scripts that a page names, in Node, and gives what they logged: `count` entries, unless more come. */
async function runPage(html, shouldLoadApp, count) {
    const logged = [];
    Object.assign(globalThis, { log: (...what) => logged.push(what), shouldLoadApp });
    // Node runs each file once.
    const copy = await mkdtemp(path.join(root, "page-"));
    await cp(path.join(root, "dist"), copy, { recursive: true });
    for (const [, src] of html.matchAll(/<script type="module"[^>]* src="\/app\/(assets\/[^"]+)"/g)) {
        await import(path.join(copy, src));
    }
    const pause = () => new Promise(resolve => setTimeout(resolve, 50));
    for (let pauses = 0; logged.length < count && pauses < 200; pauses++) {
        await pause();
    }
    await pause();
    return logged;
}

test("build: early init runs first, then the app's scripts in their order", async () => {
    warnings.length = 0;
    await build(configuration(options));
    const html = await readFile(path.join(root, "dist/index.html"), "utf8");

    assert.equal((html.match(/<script/g) ?? []).length, 4, "the one in the comment, one entry, two that stay");
    assert.match(html, /<script type="module" src="https:\/\/elsewhere\.example\/x\.js">/);
    assert.match(html, /<script type="module" src="\/app\/copied\.js">/);
    assert.doesNotMatch(html, /src\/main/);

    const early = ["early", {
        BASE_URL: "/app/",
        sessionRestorationMethod: "iframe",
        securityDefenses: { enableBrowserRuntimeFreeze: ["freeze", { excludes: ["fetch"] }], enableDPoP: ["DPoP", { mode: "enforced" }] }
    }];
    assert.deepEqual(await runPage(html, false, 1), [early]);
    assert.deepEqual(await runPage(html, true, 3), [early, ["main", "helper"], ["inline", "helper"]]);

    const second = await readFile(path.join(root, "dist/nested/page.html"), "utf8");
    assert.deepEqual((await runPage(second, true, 2)).at(-1), ["second"]);

    assert.deepEqual(warnings.filter(warning => warning.startsWith("countersign")), [
        `countersign: ${path.join(root, "static.html")} has no <script type="module"> of this app, so it gets no early init and cannot log in.`
    ]);
    const entry = /src="\/app\/(assets\/[^"]+)"/.exec(html)[1];
    assert.doesNotMatch(await readFile(path.join(root, "dist", entry), "utf8"), /"inline"|"main"/, "the entry holds nothing of the app");
    const chunks = await Promise.all((await readdir(path.join(root, "dist/assets"))).map(name => readFile(path.join(root, "dist/assets", name), "utf8")));
    for (const text of ["main", "inline", "second"]) {
        assert.equal(chunks.filter(chunk => chunk.includes(`log(\`${text}\``) || chunk.includes(`log("${text}"`)).length, 1, text);
    }
});

test("dev server: the entry waits for early init, stays out of pre-bundling, and serves inline scripts", async () => {
    const server = await createServer({ ...configuration({ ...options, browserRuntimeFreeze: { enabled: false }, DPoP: { enabled: false } }), server: { middlewareMode: true, ws: false, hmr: false, watch: null }, appType: "custom" });
    try {
        assert.ok(server.config.optimizeDeps.exclude.includes("countersign"));
        const html = await server.transformIndexHtml("/index.html", files["index.html"]);
        const [, url] = /<script type="module"[^>]* src="([^"]*html-proxy[^"]*)"/.exec(html);
        assert.ok(html.indexOf("html-proxy") < html.indexOf("elsewhere.example"), "before the script that stays");
        const { code } = await server.transformRequest(url.replace("/app", "").replaceAll("&amp;", "&"));
        assert.match(code, /oidcEarlyInit\(\{ BASE_URL: "\/app\/", sessionRestorationMethod: "iframe", securityDefenses: \{ {2}\} \}\)/);
        assert.doesNotMatch(code, /DPoP|browserRuntimeFreeze/, "rc13: enabled: false is off");
        assert.match(code, /import\("\/app\/src\/main\.ts\?a=1&b=2"\)/);
        const inline = /import\("\/app(\/@id\/__x00__virtual:countersign[^"]+)"\)/.exec(code)[1];
        const served = await server.transformRequest(inline.replace("/@id/__x00__", "\0"));
        assert.match(served.code, /from "\/app\/src\/helper\.ts"/);
    } finally {
        await server.close();
    }
});

test("the nonce of the app's first script goes to the entry", async () => {
    const plugin = oidcSpa(options);
    plugin.configResolved({ plugins: [], publicDir: "", base: "/", logger: { warn() {} } });
    const html = plugin.transformIndexHtml.handler('<script src="a.js" type="module" nonce="&quot;"></script>', { path: "/x/index.html", filename: "/r/x/index.html" });
    assert.match(html, /^<script type="module" nonce="&quot;">\n/);
    assert.match(html, /import\("\/x\/a\.js"\)/);
});

for (const [base, BASE_URL] of [["./", undefined], ["", undefined], ["./", "/app/"], ["/", "/app/"]]) {
    test(`with Vite's base ${JSON.stringify(base)}, early init gets ${BASE_URL === undefined ? "none: createOidc may have it" : "the plugin's BASE_URL"}`, async () => {
        const { plugins } = configuration(BASE_URL === undefined ? {} : { BASE_URL }, base);
        const server = await createServer({ ...configuration({}, base), plugins, server: { middlewareMode: true, ws: false, hmr: false, watch: null }, appType: "custom" });
        try {
            const html = await server.transformIndexHtml("/nested/page.html", files["nested/page.html"]);
            const [, url] = /<script type="module"[^>]* src="([^"]*html-proxy[^"]*)"/.exec(html);
            const { code } = await server.transformRequest(url.replaceAll("&amp;", "&"));
            assert.ok(code.includes(`oidcEarlyInit({ ${BASE_URL === undefined ? "" : `BASE_URL: "${BASE_URL}", `}securityDefenses: `), code);
        } finally {
            await server.close();
        }
        await build(configuration(BASE_URL === undefined ? {} : { BASE_URL }, base));
        const html = await readFile(path.join(root, "dist/index.html"), "utf8");
        assert.match(html, base === "/" ? /src="\/assets\// : /src="\.\/assets\//);
        const early = (await runPage(html.replaceAll(/src="(?:\.\/|\/)assets/g, 'src="/app/assets'), false, 1))[0][1];
        assert.equal(early.BASE_URL, BASE_URL);
    });
}

for (const [name, framework, file] of [
    ["tanstack-react-start:config", "TanStack Start", "src/client.tsx"],
    ["react-router", "React Router", "app/entry.client.tsx"],
    ["react-router:with-hmr-runtime", "React Router", "app/entry.client.tsx"]
]) {
    test(`in a framework that renders its pages itself, the plugin says what to write (${name})`, async () => {
        warnings.length = 0;
        const { plugins, customLogger, ...others } = configuration(options);
        const logger = { ...customLogger, warnOnce: customLogger.warn };
        await build({ ...others, customLogger: logger, plugins: [...plugins, { name }], build: { rollupOptions: { input: path.join(root, "src/main.ts") } } });
        assert.deepEqual(warnings.filter(warning => warning.startsWith("countersign")), [
            `countersign: ${framework} renders its pages itself, so the plugin cannot put early init into them; write ${file} that calls oidcEarlyInit() of "countersign/entrypoint" and, if shouldLoadApp is true, imports what was in it (the package's README shows it).`
        ]);
    });
}

test("in a Nuxt app, the entry takes the place of Nuxt's own, and the base is Nuxt's", async () => {
    warnings.length = 0;
    const { plugins, ...others } = configuration(options, "./");
    const nuxt = { name: "nuxt:vite-node-server" };
    await build({ ...others, plugins: [...plugins, nuxt], build: { modulePreload: false, cssCodeSplit: false, manifest: "manifest.json", rollupOptions: { input: { entry: path.join(root, "src/main.ts") } } } });
    assert.deepEqual(warnings, []);
    const { "src/main.ts": { file } } = JSON.parse(await readFile(path.join(root, "dist/manifest.json"), "utf8"));
    globalThis.__NUXT__ = { config: { app: { baseURL: "/of-nuxt/" } } };
    const page = `<script type="module" src="/app/${file}">`;
    const logged = await runPage(page, true, 2);
    assert.equal(logged[0][1].BASE_URL, "/of-nuxt/");
    assert.deepEqual(logged[1], ["main", "helper"]);
    assert.equal((await runPage(page, false, 1)).length, 1, "the app waits for early init");
    // Rendering on the server is as it was.
    const server = await createServer({ ...others, plugins: [...plugins, nuxt], build: { rollupOptions: { input: { entry: path.join(root, "src/main.ts") } } }, server: { middlewareMode: true, ws: false, hmr: false, watch: null }, appType: "custom" });
    try {
        const { code } = await server.transformRequest(path.join(root, "src/main.ts"), { ssr: true });
        assert.doesNotMatch(code, /oidcEarlyInit/);
    } finally {
        await server.close();
    }
});

test("what the app puts this package in the place of stays out of pre-bundling too: a library would get a copy of its own", () => {
    const excluded = alias => oidcSpa(options).config({ root, resolve: { alias } }).optimizeDeps.exclude;
    assert.deepEqual(excluded({ "keycloak-js": "countersign/keycloak-js", "oidc-spa": "countersign", other: "countersign-other", "@": "/src" }), [
        ...["countersign", "keycloak-js", "oidc-spa"]
    ]);
    const list = [
        { find: "keycloak-js", replacement: "countersign/keycloak-js" },
        { find: /^oidc-spa/, replacement: "countersign" }
    ];
    assert.deepEqual(excluded(list), ["countersign", "keycloak-js"]);
    assert.deepEqual(excluded({ "keycloak-js": path.join(root, "node_modules/countersign/dist/keycloak-js.js") }), ["countersign", "keycloak-js"]);
    assert.deepEqual(excluded(undefined), ["countersign"]);
});

test("installed by an alias of npm, the package imports itself, and only that name stays out of pre-bundling", async t => {
    const modules = path.join(root, "node_modules");
    const manifest = files["package.json"].replace('"countersign": "0.0.0"', '"anything": "npm:countersign@0.0.0", "oidc-spa": "npm:another@1"');
    await writeFile(path.join(root, "package.json"), manifest);
    await rename(path.join(modules, "countersign"), path.join(modules, "anything"));
    t.after(async () => {
        await writeFile(path.join(root, "package.json"), files["package.json"]);
        await rename(path.join(modules, "anything"), path.join(modules, "countersign"));
    });
    const { oidcSpa: aliased } = await import(path.join(modules, "anything/dist/vite-plugin/index.js"));
    const config = { ...configuration(options), plugins: [aliased(options)] };
    await build(config);
    const html = await readFile(path.join(root, "dist/index.html"), "utf8");
    assert.deepEqual((await runPage(html, true, 3)).map(([what]) => what), ["early", "main", "inline"], "nothing is left to resolve");
    const server = await createServer({ ...config, server: { middlewareMode: true, ws: false, hmr: false, watch: null }, appType: "custom" });
    try {
        assert.deepEqual(server.config.optimizeDeps.exclude, ["countersign", "anything"]);
        const entry = await server.transformIndexHtml("/nested/page.html", files["nested/page.html"]);
        const [, url] = /<script type="module"[^>]* src="([^"]*html-proxy[^"]*)"/.exec(entry);
        const { code } = await server.transformRequest(url.replace("/app", "").replaceAll("&amp;", "&"));
        const app = await server.pluginContainer.resolveId("anything/entrypoint", path.join(root, "src/main.ts"));
        const imported = /from "([^"]*entrypoint[^"]*)"/.exec(code)[1];
        assert.equal(imported.replace("/app", root), app.id, "the same instance as the app's own import");
    } finally {
        await server.close();
    }
});

test("linked to another place, as pnpm and workspaces do, the package imports itself too", async t => {
    const elsewhere = path.join(root, "store");
    const modules = path.join(root, "node_modules");
    await rename(path.join(modules, "countersign"), elsewhere);
    await symlink(elsewhere, path.join(modules, "countersign"));
    t.after(async () => {
        await rm(path.join(modules, "countersign"));
        await rename(elsewhere, path.join(modules, "countersign"));
    });
    const { oidcSpa: linked } = await import(path.join(elsewhere, "dist/vite-plugin/index.js"));
    for (const preserveSymlinks of [false, true]) {
        await build({ ...configuration(options), plugins: [linked(options)], resolve: { preserveSymlinks } });
        const html = await readFile(path.join(root, "dist/index.html"), "utf8");
        assert.deepEqual((await runPage(html, true, 3)).map(([what]) => what), ["early", "main", "inline"]);
    }
});

test("the page names what early init imports and the app, for the page only; the hidden iframe loads none of it", async () => {
    const html = `<head><link rel="modulepreload" crossorigin href="/app/assets/shared.js"><script type="module" crossorigin nonce="n" src="/app/assets/entry.js"></script></head>`;
    const chunk = (fileName, imports = [], dynamicImports = []) => ({ type: "chunk", fileName, imports, dynamicImports });
    const bundle = Object.fromEntries(
        [
            { type: "asset", fileName: "index.html", source: html },
            { type: "asset", fileName: "other.html", source: "<p>" },
            chunk("assets/entry.js", ["assets/shared.js"]),
            chunk("assets/shared.js", [], ["assets/start.js", "assets/bytes.js", "assets/script.js", "assets/main.js"]),
            chunk("assets/start.js", ["assets/shared.js"], ["assets/sentences.js"]),
            chunk("assets/bytes.js"),
            { ...chunk("assets/script.js"), moduleIds: ["/app/node_modules/countersign/dist/engine/script.js"] },
            chunk("assets/main.js", ["assets/library.js"], ["assets/route.js"]),
            chunk("assets/library.js", [], ["assets/core.js", "assets/of-another.js"]),
            // What an adapter imports: it exports what early init has.
            { ...chunk("assets/core.js", ["assets/shared.js"]), moduleIds: ["/app/node_modules/countersign/dist/core.js"] },
            { ...chunk("assets/of-another.js"), moduleIds: ["/app/node_modules/another/dist/core.js"] },
            { ...chunk("assets/of-another-page.js", ["assets/shared.js"]), moduleIds: ["/app/node_modules/countersign/dist/core.js", "/app/src/other.js"] },
            chunk("assets/sentences.js"),
            chunk("assets/route.js")
        ].map(one => [one.fileName, one])
    );
    oidcSpa(options).generateBundle.handler({}, bundle);
    const links = ["start", "bytes", "main", "library", "core"].map(name => `<link rel="modulepreload" crossorigin nonce="n" media="(min-width: 1px)" href="/app/assets/${name}.js">\n`);
    assert.equal(bundle["index.html"].source, html.replace("<script", () => `${links.join("")}<script`));
    assert.equal(bundle["other.html"].source, "<p>");
});

test("Vite's polyfill of modulepreload does not come before early init, unless the app asks for it", async () => {
    for (const [given, isThere] of [[undefined, false], [{ polyfill: true }, true], [false, false]]) {
        const result = await build({ ...configuration(options), logLevel: "silent", build: { ...configuration(options).build, modulePreload: given, write: false } });
        const code = result.output.map(({ code = "" }) => code).join("");
        assert.equal(code.includes("MutationObserver"), isThere, `${JSON.stringify(given)}`);
    }
});

test("a page whose issuer is known connects to it and fetches its discovery document at once", async () => {
    const tagsFor = issuerUri => {
        const plugin = oidcSpa({ ...options, issuerUri });
        plugin.configResolved({ plugins: [], publicDir: "", base: "/", logger: { warn() {} } });
        return plugin.transformIndexHtml.handler('<script src="a.js" type="module"></script>', { path: "/index.html", filename: "/r/index.html" }).tags;
    };
    const link = attrs => ({ tag: "link", attrs, injectTo: "head-prepend" });
    const preload = href => link({ rel: "preload", as: "fetch", crossorigin: "anonymous", media: "(min-width: 1px)", href });
    assert.deepEqual(tagsFor("https://login.example.com/realms/x/"), [
        link({ rel: "preconnect", href: "https://login.example.com" }),
        preload("https://login.example.com/realms/x/.well-known/openid-configuration")
    ]);
    assert.deepEqual(tagsFor("/realms/x"), [preload("/realms/x/.well-known/openid-configuration")]);
    for (const wrong of ["", "login.example.com", "//login.example.com", "ftp://login.example.com", 7]) {
        assert.throws(() => oidcSpa({ issuerUri: wrong }), { message: `countersign: issuerUri must be the URL of the authorization server, not ${JSON.stringify(wrong)}.` });
    }
});
