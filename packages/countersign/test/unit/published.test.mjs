// The tarball as others' tools see it: what its manifest says, and its types in old and new TypeScript.
import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { modulesDir, unpack } from "./support/packed.mjs";

let project, manifest, subpaths;
before(async () => {
    project = await unpack();
    manifest = JSON.parse(await readFile(path.join(project.installed, "package.json"), "utf8"));
    subpaths = Object.keys(manifest.exports).filter(name => name !== "./package.json").map(name => name.slice(2));
    for (const name of ["vite", "react", "@types/react"]) {
        await project.link(name);
    }
});
after(() => project?.remove());

test("publint finds nothing, not even a suggestion", async () => {
    const { messages } = await publint({ pkgDir: project.installed, pack: false });
    assert.deepEqual(messages, []);
});

test("the types are right in every module resolution: attw's default profile finds nothing", async () => {
    const analysis = await checkPackage(createPackageFromTarballData(await readFile(project.tarball)));
    assert.deepEqual(Object.keys(analysis.entrypoints).sort(), [".", ...subpaths.filter(Boolean).map(name => `./${name}`), "./package.json"].sort());
    assert.deepEqual(analysis.problems, []);
});

test("resolvers that know no exports find a file and types at every subpath", async () => {
    const named = subpaths.filter(Boolean);
    assert.deepEqual(Object.keys(manifest.typesVersions["*"]).sort(), named.toSorted());
    for (const name of named) {
        const { types, default: target } = manifest.exports[`./${name}`].import;
        assert.deepEqual(manifest.typesVersions["*"][name], [types]);
        await access(path.join(project.installed, types));
        const hasDefault = /^export default /m.test(await readFile(path.join(project.installed, target), "utf8"));
        const expected = `export * from "${target}";\n${hasDefault ? `export { default } from "${target}";\n` : ""}`;
        assert.equal(await readFile(path.join(project.installed, `${name}.js`), "utf8"), expected);
        assert.equal(hasDefault, name === "keycloak-js", name);
    }
    assert.deepEqual([manifest.module, manifest.types], ["./dist/entrypoint.js", "./dist/entrypoint.d.ts"]);
});

const USE = `import { createOidc, OidcInitializationError, type Oidc, type OidcErrorCode, type ParamsOfCreateOidc } from "countersign/core";
import { oidcEarlyInit, type ParamsOfEarlyInit } from "countersign/entrypoint";
import { oidcEarlyInit as root } from "countersign";
import { DPoP } from "countersign/DPoP";
import { createDPoP, type DPoP as DPoPOfProofs, type ParamsOfCreateDPoP } from "countersign/proofs";
import { browserRuntimeFreeze, type ApiName } from "countersign/browser-runtime-freeze";
import { createResourceServer, type Decision, type ResourceServerOptions } from "countersign/server";
import { createMockOidc, type ParamsOfCreateMockOidc } from "countersign/core-mock";
import { oidcSpa, type GetOidc, type OidcSpaUtils, type ParamsOfBootstrap, type UseOidc } from "countersign/react-spa";
import { decodeJwt, InvalidTokenError, type JwtHeader, type JwtPayload } from "countersign/decode-jwt";
import { createKeycloakUtils, isKeycloak, type KeycloakUtils } from "countersign/keycloak";
import Keycloak, { type KeycloakConfig, type KeycloakInitOptions } from "countersign/keycloak-js";
const params: ParamsOfEarlyInit = { securityDefenses: { ...DPoP({ mode: "auto" }), ...browserRuntimeFreeze({ excludes: ["fetch"] satisfies ApiName[] }) } };
export const loads: boolean = oidcEarlyInit(params).shouldLoadApp && root(params).shouldLoadApp;
export const oidc: Promise<Oidc> = createOidc({ issuerUri: "https://login.example.com", clientId: "app" } satisfies ParamsOfCreateOidc);
export const dpop: Promise<DPoPOfProofs> = createDPoP({ tokenEndpoint: "https://login.example.com/token" } satisfies ParamsOfCreateDPoP);
export const mock: Promise<Oidc> = createMockOidc({ isUserInitiallyLoggedIn: true } satisfies ParamsOfCreateMockOidc);
export const claims: JwtPayload = decodeJwt("a.b.c");
export const header: JwtHeader = decodeJwt("a.b.c", { header: true });
export const utils: KeycloakUtils | false = isKeycloak({ issuerUri: "x" }) && createKeycloakUtils({ issuerUri: "x" });
export const keycloak: Keycloak = new Keycloak({ url: "/", realm: "main", clientId: "spa" } satisfies KeycloakConfig);
export const ready: Promise<boolean> = keycloak.init({ onLoad: "check-sso" } satisfies KeycloakInitOptions);
export const oidcUtils: OidcSpaUtils<false, { sub: string }> = oidcSpa.withExpectedDecodedIdTokenShape({ decodedIdTokenSchema: { parse: ({ sub }) => ({ sub }) }, decodedIdToken_mock: { sub: "" } }).createUtils();
export const use: UseOidc<{ sub: string }> = oidcUtils.useOidc;
export const get: GetOidc<{ sub: string }> = oidcUtils.getOidc;
oidcUtils.bootstrapOidc({ implementation: "mock", isUserInitiallyLoggedIn: true } satisfies ParamsOfBootstrap<false, { sub: string }>);
export const invalid: Error = new InvalidTokenError("");
const api: ResourceServerOptions = { publicUrl: "https://api.example.com", issuer: "https://login.example.com", audience: "api" };
export const decide = (request: Request): Promise<Decision> => createResourceServer(api).authenticate(request);
export const code = (error: OidcInitializationError): OidcErrorCode => error.code;
// @ts-expect-error The types are there: a wrong option does not compile.
DPoP({ mode: "sometimes" });
`;
const PLUGIN = `import { oidcSpa } from "countersign/vite-plugin";
export const name: string = oidcSpa({ DPoP: { enabled: true, mode: "auto" } }).name;
// @ts-expect-error The types are there: a wrong option does not compile.
oidcSpa({ DPoP: { enabled: true, mode: "sometimes" } });
`;

const compilers = { "TypeScript 5.0": "typescript-5.0", "the newest TypeScript": "typescript" };
for (const [compiler, directory] of Object.entries(compilers)) {
    const settings = [["node10", "CommonJS", ["commonjs"]], ["node16", "Node16", ["module", "commonjs"]], ["bundler", "ESNext", ["module"]]];
    // The newest has no node10 any more.
    for (const [moduleResolution, module, types] of settings.filter(([name]) => directory !== "typescript" || name !== "node10")) {
        for (const type of types) {
            test(`${compiler} finds the types with moduleResolution ${moduleResolution} in a package of type ${type}`, async () => {
                await project.write("package.json", JSON.stringify({ name: "app", type }));
                // The declarations of Vite are no concern of ours.
                for (const [file, text, skipLibCheck] of [["use.ts", USE, false], ["plugin.ts", PLUGIN, true]]) {
                    await project.write(file, text);
                    const compilerOptions = { noEmit: true, strict: true, target: "ES2022", types: [], module, moduleResolution, skipLibCheck };
                    await project.write("tsconfig.json", JSON.stringify({ compilerOptions, files: [file] }));
                    await project.run("node", path.join(modulesDir, directory, "bin/tsc"), "-p", ".");
                }
            });
        }
    }
}
