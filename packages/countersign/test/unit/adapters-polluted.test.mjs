// The adapters over a polluted `Object.prototype`: no option, record or document is read through it, and nothing of it is
// passed on. The core underneath is one that writes down what it is given (`polluted-prototype.test.mjs` in `test/browser`
// tests the core itself).
import "@angular/compiler";
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { HttpRequest, HttpResponse } from "@angular/common/http";
import { Location, PlatformLocation } from "@angular/common";
import { APP_INITIALIZER, createEnvironmentInjector, Injector, PLATFORM_ID, runInInjectionContext } from "@angular/core";
import { createElement as h } from "react";
import { renderToString } from "react-dom/server";
import { firstValueFrom, of } from "rxjs";

/** The package's files with a core of the test's: Node's own way to replace a module does not survive the pollution. */
const root = new URL("../../", import.meta.url).pathname;
const copy = mkdtempSync(path.join(root, "polluted-"));
process.on("exit", () => rmSync(copy, { recursive: true }));
cpSync(path.join(root, "dist"), copy, { recursive: true, filter: name => !name.endsWith("/cjs") });
writeFileSync(
    path.join(copy, "core.js"),
    "export const createOidc = params => globalThis.core(params); export class OidcInitializationError extends Error {}"
);
const dist = pathToFileURL(`${copy}/`);

const APP = "https://app.example/app/";
const ISSUER = "https://login.example";
const EVIL = "https://evil.example/";
const jwt = `x.${Buffer.from(JSON.stringify({ sub: "alice", exp: 4e9 })).toString("base64url")}.y`;

class Storage {
    #items = new Map();
    getItem = name => this.#items.get(name) ?? null;
    setItem = (name, value) => void this.#items.set(name, `${value}`);
    removeItem = name => void this.#items.delete(name);
}

let said;
const say = (...what) => void said.push(JSON.stringify(what, (name, value) => (name === "state" ? undefined : value)));
const place = {
    get href() {
        return `${APP}page`;
    },
    set href(to) {
        say("went", to);
        leave();
    },
    origin: new URL(APP).origin,
    hostname: new URL(APP).hostname,
    replace: to => (say("replaced", to), leave())
};
const globals = {
    document: { baseURI: APP },
    location: place,
    window: globalThis,
    // As after early init.
    [Symbol.for("countersign")]: true,
    crossOriginIsolated: false,
    addEventListener: () => {},
    history: { replaceState: () => {} },
    fetch: async (url, init) => {
        // As the platform reads it: inherited members count.
        say("fetched", `${url}`, init?.method, init?.body, init?.mode, init?.cache, Object.entries(init?.headers ?? {}));
        const document = /openid-configuration/.test(url) ? { issuer: ISSUER } : { sub: "alice", realm: "main" };
        return { ok: true, status: 200, json: async () => document };
    }
};
for (const [name, value] of [...Object.entries(globals), [Symbol.for("countersign"), true]]) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
performance.getEntriesByType = () => [{ name: APP }];

const { Keycloak } = await import(`${dist}keycloak-js.js`);
const { oidcSpa } = await import(`${dist}react-spa.js`);
const { AbstractOidcService } = await import(`${dist}angular.js`);
const { createKeycloakUtils, isKeycloak } = await import(`${dist}keycloak.js`);
const { createMockOidc } = await import(`${dist}core-mock.js`);
const { decodeJwt } = await import(`${dist}decode-jwt.js`);
await import(`${dist}adapters/user.js`);
assert.equal((await (await import(`${dist}adapters/door.js`)).loadCore()).createOidc.length, 1, "the core is the test's");

const settled = () => new Promise(resolve => setImmediate(resolve));
let leave;
/** Says what a step gives, or how it fails; a step that leaves the page does not end. */
async function step(name, run) {
    const left = new Promise(resolve => (leave = resolve));
    const end = (async () => {
        try {
            return [name, await run()];
        } catch (error) {
            return [name, "failed", error?.message];
        }
    })();
    const what = await Promise.race([end, left.then(settled).then(() => [name, "open"])]);
    say(...what);
}

/** A core whose client is logged in or not. What is given to it has own members only, as the real one reads it. */
const coreOf = isUserLoggedIn => params => {
    say("created", Object.entries(params).filter(([, value]) => typeof value !== "function"), Object.keys(params));
    const call = name => async how => {
        const { extraQueryParams, transformUrlBeforeRedirect: transform, ...rest } = { __proto__: null, ...how };
        say(name, rest, Object.entries(extraQueryParams ?? {}));
        transform?.(`${ISSUER}/authorize?state=1`);
        leave();
        return new Promise(() => {});
    };
    const common = { issuerUri: ISSUER, clientId: "app", validRedirectUri: APP };
    const tokens = { accessToken: jwt, idToken: jwt, accessTokenExpirationTime: 4e12, decodedIdToken_original: { sub: "alice" }, decodedIdToken: { sub: "alice" }, hasRefreshToken: false, getServerDateNow: Date.now };
    return Promise.resolve(
        isUserLoggedIn
            ? {
                  ...common,
                  isUserLoggedIn,
                  backFromAuthServer: undefined,
                  isNewBrowserSession: false,
                  getTokens: async () => tokens,
                  getDecodedIdToken: () => tokens.decodedIdToken,
                  renewTokens: async how => say("renewed", { __proto__: null, ...how }),
                  subscribeToTokensChange: () => ({ unsubscribeFromTokensChange: () => {} }),
                  subscribeToAutoLogoutCountdown: () => ({ unsubscribeFromAutoLogoutCountdown: () => {} }),
                  goToAuthServer: call("goToAuthServer"),
                  logout: call("logout")
              }
            : { ...common, isUserLoggedIn, initializationError: undefined, login: call("login") }
    );
};

async function keycloakJs() {
    const KEYCLOAK = { url: ISSUER, realm: "main", clientId: "app" };
    for (const [config, isIn] of [[KEYCLOAK, true], [KEYCLOAK, false], [{ oidcProvider: ISSUER, clientId: "app" }, true], [{ oidcProvider: { issuer: ISSUER }, clientId: "app" }, true], ["/keycloak.json", false], [{ clientId: "app" }, false]]) {
        Object.assign(globalThis, { core: coreOf(isIn), sessionStorage: new Storage(), localStorage: new Storage() });
        let kc;
        await step("constructor", () => void (kc = new Keycloak(config)));
        await step("init", () => kc.init({ onLoad: "check-sso" }));
        await step("said", () => [kc.authenticated, kc.token, kc.sessionId, kc.subject, kc.hasRealmRole("admin"), kc.hasResourceRole("admin"), kc.hasResourceRole("admin", "other")]);
        await step("login", () => kc.login());
        await step("register", () => kc.register());
        await step("createLoginUrl", () => kc.createLoginUrl({}));
        await step("createLogoutUrl", () => kc.createLogoutUrl({}));
        await step("createAccountUrl", () => kc.createAccountUrl({}));
        await step("logout", () => kc.logout({}));
        await step("profile", () => kc.loadUserProfile());
        await step("info", () => kc.loadUserInfo());
        await step("update", () => kc.updateToken(-1));
        await step("clear", () => kc.clearToken());
        await step("cleared", () => [kc.authenticated, kc.token, kc.hasRealmRole("admin"), kc.hasResourceRole("admin")]);
        await step("info without token", () => kc.loadUserInfo());
    }
}

async function reactSpa() {
    for (const isIn of [true, false]) {
        globalThis.core = coreOf(isIn);
        const builder = isIn ? oidcSpa.withUser({ createUser: ({ fetchUserInfo }) => fetchUserInfo().catch(error => error.message) }) : oidcSpa;
        const { bootstrapOidc, getOidc, enforceLogin } = builder.createUtils();
        await step("bootstrap", () => bootstrapOidc({ implementation: "real", issuerUri: ISSUER, clientId: "app" }));
        await step("getOidc", async () => Object.keys(await getOidc({})));
        await step("user", async () => isIn && (await (await getOidc()).getUser()).user);
        await step("enforce", () => enforceLogin({}));
        await step("enforce", () => enforceLogin({ location: {} }));
    }
    const { bootstrapOidc, getOidc, useOidc, OidcInitializationGate, OidcInitializationErrorGate } = oidcSpa.createUtils();
    // On a server the gate shows the fallback.
    await step("gate", () => renderToString(h(OidcInitializationGate)));
    await step("mock", () => bootstrapOidc({ implementation: "mock", isUserInitiallyLoggedIn: true }));
    await step("getOidc", async () => Object.entries(await getOidc()));
    const Who = () => {
        const { autoLogoutState, isUserLoggedIn } = useOidc();
        return `${isUserLoggedIn} ${autoLogoutState.shouldDisplayWarning}`;
    };
    await step("component", () => renderToString(h(Who)));
    await step("error gate", () => renderToString(h(OidcInitializationErrorGate, { errorComponent: () => "error" }, h(Who))));
}

async function angular() {
    const make = () =>
        class Oidc extends AbstractOidcService {
            static ɵprov = undefined;
            static ɵfac = () => new Oidc();
        };
    for (const [isIn, provide] of [[true, Oidc => Oidc.provide({ issuerUri: ISSUER, clientId: "app" })], [false, Oidc => Oidc.provide(async () => ({ issuerUri: ISSUER, clientId: "app" }))], [true, Oidc => Oidc.provideMock({})]]) {
        globalThis.core = coreOf(isIn);
        const Oidc = make();
        let injector, service;
        await step("start", async () => {
            // What Angular itself reads.
            injector = createEnvironmentInjector(
                [Oidc, provide(Oidc), { provide: PLATFORM_ID, useValue: "browser" }, { provide: PlatformLocation, useValue: { getBaseHrefFromDOM: () => "/app/" } }, { provide: Location, useValue: { path: () => "/there", prepareExternalUrl: url => url } }],
                Injector.NULL
            );
            service = injector.get(Oidc);
            await Promise.all(injector.get(APP_INITIALIZER).map(initialize => initialize()));
        });
        await step("said", () => [service.isUserLoggedIn, service.issuerUri, service.validRedirectUri, service.$secondsLeftBeforeAutoLogout()]);
        await step("request", async () => {
            const interceptor = Oidc.createBearerInterceptor({ shouldInjectAccessToken: () => service.isUserLoggedIn });
            const next = request => {
                say("sent", request.method, request.url, request.urlWithParams, request.body, request.headers.get("Authorization"));
                return of(new HttpResponse({ status: 200 }));
            };
            const request = new HttpRequest("GET", "https://api.example/me", { __proto__: null });
            await firstValueFrom(runInInjectionContext(injector, () => interceptor(request, next)));
        });
        await step("guard", () => runInInjectionContext(injector, () => Oidc.enforceLoginGuard({}, { url: "/there" })));
        for (const name of ["login", "logout", "goToAuthServer", "renewTokens"]) {
            await step(name, () => service[name]({}));
        }
    }
}

async function others() {
    await step("isKeycloak", () => isKeycloak({}));
    await step("utils", () => createKeycloakUtils({}));
    const utils = createKeycloakUtils({ issuerUri: `${ISSUER}/realms/main` });
    await step("account", () => utils.getAccountUrl({ clientId: "app", validRedirectUri: APP }));
    await step("profile", () => utils.fetchUserProfile({ accessToken: "token" }));
    await step("info", () => utils.fetchUserInfo({ accessToken: "token" }));
    await step("jwt", () => [decodeJwt(jwt), decodeJwt(jwt, {})]);
    await step("opaque", () => decodeJwt("opaque"));
    for (const isIn of [true, false]) {
        await step("mock", async () => {
            const oidc = await createMockOidc({ isUserInitiallyLoggedIn: isIn, mockedParams: {}, mockedTokens: { decodedIdToken: { sub: "alice" } } });
            say(oidc.issuerUri, oidc.clientId, oidc.validRedirectUri);
            isIn && say(Object.keys(await oidc.getTokens()), (await oidc.getTokens()).accessToken);
            for (const name of isIn ? ["logout", "goToAuthServer"] : ["login"]) {
                await step(name, () => oidc[name]({}));
            }
        });
        await step("bare mock", async () => Object.entries(await createMockOidc({})).filter(([, value]) => typeof value !== "function"));
    }
}

/** Everything that an adapter does, over this prototype. Returns what was said. */
async function live(part, members = {}) {
    said = [];
    for (const [name, descriptor] of Object.entries(members)) {
        Object.defineProperty(Object.prototype, name, { __proto__: null, configurable: true, ...descriptor });
    }
    try {
        await part();
    } finally {
        for (const name of Object.keys(members)) {
            delete Object.prototype[name];
        }
    }
    return said.map(line => line.replace(/\d{10,}(\.\d+)?/g, "time"));
}

const files = [...(await readdir(new URL("adapters/", dist), { recursive: true })).filter(name => name.endsWith(".js")).map(name => `adapters/${name}`)];
const texts = await Promise.all(files.map(name => readFile(new URL(name, dist), "utf8")));
/** What the language itself reads; only a script could put a function there, and other values break React or each page. */
const standard = new Set([...Object.getOwnPropertyNames(Object.prototype), "then", "toJSON", "return", "get", "set"]);
const wordsOf = text => text.replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, "").match(/\b[A-Za-z_$][\w$]*(-[\w-]+)?\b/g);
/** Each word of the adapters' code. */
const words = [...new Set([...texts.flatMap(wordsOf), "auth-server-url", "0", "1", "2"])].filter(word => !standard.has(word));

const PARTS = { keycloakJs, reactSpa, angular, others };

for (const [name, part] of Object.entries(PARTS)) {
    test(`no code of an adapter reads a name of its own code from Object.prototype: ${name}`, async () => {
        const sound = await live(part);
        assert.ok(sound.length > 15 && words.length > 300, "it runs");
        const reads = new Set();
        const getters = words.map(word => [
            word,
            {
                __proto__: null,
                get() {
                    const reader = new Error().stack.split("\n")[2] ?? "";
                    /\/polluted-\w+\/(adapters\/|[\w-]+\.js)/.test(reader) && this !== globalThis && reads.add(`${word} ${reader.replace(/.*\/polluted-\w+\//, "").replace(/\)$/, "")}`);
                },
                set(value) {
                    Object.defineProperty(this, word, { __proto__: null, value, writable: true, configurable: true, enumerable: true });
                }
            }
        ]);
        assert.deepEqual(await live(part, Object.fromEntries(getters)), sound);
        assert.deepEqual([...reads], []);
    });
}

/** Members of options and documents, whichever the types name, and those that the platform and Angular read in a request. */
const types = [...(await readdir(new URL("adapters/", dist), { recursive: true })).filter(name => name.endsWith(".d.ts")).map(name => `adapters/${name}`), "core/params.d.ts", "core/types.d.ts"];
const ofTypes = (await Promise.all(types.map(name => readFile(new URL(name, dist), "utf8")))).flatMap(text => [...text.matchAll(/^\s+(?:readonly )?"?([\w-]+)"?\??[:(]/gm)].map(([, name]) => name));
const ofRequests = ["method", "body", "headers", "mode", "cache", "credentials", "redirect", "referrer", "url", "params", "setParams", "setHeaders", "responseType", "withCredentials", "cause", "once", "capture", "signal"];
const ofDocuments = ["userinfo_endpoint", "end_session_endpoint", "authorization_endpoint", "token_endpoint", "issuer", "auth-server-url", "resource", "realm", "sid", "sub", "exp", "kc_action_status", "kc_action", "Cordova", "cordova", "process", "0", "1", "2"];
const names = [...new Set([...ofTypes, ...ofRequests, ...ofDocuments])].filter(name => !standard.has(name));
/** What a parser of a query makes. */
const VALUES = { text: EVIL, object: { userinfo_endpoint: EVIL, url: EVIL, href: EVIL, issuer: EVIL, roles: ["admin"], versions: { node: "1" } } };

for (const [name, part] of Object.entries(PARTS)) {
    test(`with any one option's name on Object.prototype an adapter behaves as without: ${name}`, async () => {
        const sound = await live(part);
        assert.ok(names.length > 150 && names.includes("idpHint") && names.includes("__metadata") && names.includes("warnUserSecondsBeforeAutoLogout"), "they are read");
        const different = [];
        for (const option of names) {
            for (const [kind, value] of Object.entries(VALUES)) {
                const now = await live(part, { [option]: { __proto__: null, value, writable: true } });
                now.join() === sound.join() || different.push(`${option} (${kind}): ${now.find((line, index) => line !== sound[index])}`);
            }
        }
        assert.deepEqual(different, []);
    });
}
