// The plugin in real Vite, over an app with a stand-in for the package that only says in which order things ran.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { oidcSpa } from "../../dist/vite-plugin/index.js";

/** `VITE` names the module of another version of Vite. */
const { build, createServer } = await import(process.env["VITE"] ?? "vite");

const files = {
    "package.json": '{ "name": "app", "type": "module", "sideEffects": false }',
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
    "node_modules/countersign/package.json": '{ "name": "countersign", "version": "0.0.0", "type": "module", "exports": { "./*": "./*.js" } }',
    "node_modules/countersign/entrypoint.js": 'export const oidcEarlyInit = params => { log("early", params); return { shouldLoadApp: globalThis.shouldLoadApp }; };',
    "node_modules/countersign/DPoP.js": 'export const DPoP = params => ({ enableDPoP: ["DPoP", params] });',
    "node_modules/countersign/browser-runtime-freeze.js": 'export const browserRuntimeFreeze = params => ({ enableBrowserRuntimeFreeze: ["freeze", params] });'
};

let root;
const warnings = [];
const configuration = options => ({
    root,
    configFile: false,
    base: "/app/",
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
});
after(() => rm(root, { recursive: true, force: true }));

/** Runs the built scripts that a page names, in Node, and gives what they logged: `count` entries, unless more come. */
async function runPage(html, shouldLoadApp, count) {
    const logged = [];
    Object.assign(globalThis, { log: (...what) => logged.push(what), shouldLoadApp });
    for (const [, src] of html.matchAll(/<script type="module"[^>]* src="\/app\/(assets\/[^"]+)"/g)) {
        await import(`${path.join(root, "dist", src)}?${Math.random()}`);
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
    plugin.configResolved({ publicDir: "", base: "/", logger: { warn() {} } });
    const html = plugin.transformIndexHtml.handler('<script src="a.js" type="module" nonce="&quot;"></script>', { path: "/x/index.html", filename: "/r/x/index.html" });
    assert.match(html, /^<script type="module" nonce="&quot;">\n/);
    assert.match(html, /import\("\/x\/a\.js"\)/);
});
