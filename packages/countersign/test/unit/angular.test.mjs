// The Angular adapter in Node: what a server does with it, and what the interceptor decides.
import "@angular/compiler";
import assert from "node:assert/strict";
import { test } from "node:test";
import { PlatformLocation } from "@angular/common";
import { HttpRequest, HttpResponse } from "@angular/common/http";
import { APP_INITIALIZER, createEnvironmentInjector, Injector, PLATFORM_ID, runInInjectionContext } from "@angular/core";
import { firstValueFrom, of } from "rxjs";
import { AbstractOidcService, OidcAccessedTooEarlyError } from "countersign/angular";

/** Starts a service, as Angular does. */
function boot(Service, provided, platform = "browser") {
    const injector = createEnvironmentInjector(
        [
            Service,
            provided(Service),
            { provide: PLATFORM_ID, useValue: platform },
            { provide: PlatformLocation, useValue: { getBaseHrefFromDOM: () => "/app/" } }
        ],
        Injector.NULL
    );
    const started = Promise.all(injector.get(APP_INITIALIZER).map(initialize => initialize()));
    return { injector, service: injector.get(Service), started };
}

/** A class of its own for each test; `members` are its properties. */
const serviceWith = (members = {}) =>
    class Oidc extends AbstractOidcService {
        static ɵprov = undefined;
        static ɵfac = () => Object.assign(new Oidc(), members);
    };

const mocked = params => Service => Service.provideMock(params);

/** Sends a request through the interceptor; returns the `Authorization` with which it left. */
async function send({ injector }, Service, shouldInjectAccessToken, url = "https://api.example.com/me") {
    const interceptor = Service.createBearerInterceptor({ shouldInjectAccessToken });
    let sent;
    const next = request => {
        sent = request.headers.get("Authorization");
        return of(new HttpResponse({ status: 200 }));
    };
    await firstValueFrom(runInInjectionContext(injector, () => interceptor(new HttpRequest("GET", url), next)));
    return sent;
}

test("on a server nothing starts, and the app is not held back", async () => {
    const Oidc = serviceWith();
    const { service, started } = boot(Oidc, Service => Service.provide({ issuerUri: "https://login.example.com", clientId: "app" }), "server");
    assert.deepEqual(await started, [undefined]);
    assert.throws(() => service.isUserLoggedIn, OidcAccessedTooEarlyError);
});

test("why the client can't start is the service's initializationError, and the cause of what other members throw", async () => {
    const Oidc = serviceWith();
    const { service, started } = boot(Oidc, Service => Service.provide({ issuerUri: "https://login.example.com", clientId: "app" }));
    await started;
    assert.deepEqual([service.initializationError.name, service.initializationError.code], ["OidcInitializationError", "not_in_browser"]);
    assert.match(service.initializationError.message, /^countersign: createOidc\(\) was called where there is no page/);
    assert.throws(() => service.isUserLoggedIn, { message: /isUserLoggedIn was asked for, but the client could not start/, cause: service.initializationError });
});

test("what the app's own callback throws ends the start", async () => {
    const Oidc = serviceWith();
    const own = new TypeError("no configuration");
    const { service, started } = boot(Oidc, Service => Service.provide(() => Promise.reject(own)));
    await assert.rejects(started, error => error === own);
    await assert.rejects(service.prInitialized, error => error === own);
});

test("a mocked user has the class's claims and the given token", async () => {
    for (const mockDecodedIdToken of [{ sub: "1" }, async () => ({ sub: "1" })]) {
        const Oidc = serviceWith({ mockDecodedIdToken });
        const { service, started } = boot(Oidc, mocked({ mockAccessToken: "token", mockClientId: "other" }));
        await started;
        assert.equal(service.isUserLoggedIn, true);
        assert.equal(service.clientId, "other");
        assert.match(service.validRedirectUri, /\/app\/$/);
        assert.deepEqual(service.$decodedIdToken(), { sub: "1" });
        assert.equal(service.decodedIdToken$.getValue(), service.$decodedIdToken());
        assert.deepEqual(await firstValueFrom(service.decodedIdToken$), { sub: "1" });
        assert.deepEqual(await service.getAccessToken(), { isUserLoggedIn: true, accessToken: "token" });
        assert.equal(service.$secondsLeftBeforeAutoLogout(), null);
        await assert.rejects(service.login(), /call goToAuthServer\(\) instead/);
    }
});

test("without a user, what only a user has throws, and says what to look at", async () => {
    const Oidc = serviceWith();
    const { service, started } = boot(Oidc, mocked({ isUserInitiallyLoggedIn: false }));
    await started;
    assert.equal(service.isUserLoggedIn, false);
    assert.deepEqual(await service.getAccessToken(), { isUserLoggedIn: false });
    for (const read of [() => service.$decodedIdToken(), () => service.decodedIdToken$.getValue(), () => service.isNewBrowserSession, () => service.backFromAuthServer]) {
        assert.throws(read, error => error instanceof OidcAccessedTooEarlyError && /no user is logged in; look at isUserLoggedIn first/.test(error.message));
    }
    for (const name of ["logout", "renewTokens", "goToAuthServer"]) {
        await assert.rejects(service[name]({ redirectTo: "home" }), OidcAccessedTooEarlyError);
    }
});

test("the interceptor adds the token where it is asked to, and nowhere else", async () => {
    const Oidc = serviceWith({ mockDecodedIdToken: { sub: "1" } });
    const app = boot(Oidc, mocked({ mockAccessToken: "token" }));
    await app.started;
    const isApi = ({ url }) => url.startsWith("https://api.example.com/");
    assert.equal(await send(app, Oidc, isApi), "Bearer token");
    assert.equal(await send(app, Oidc, isApi, "https://other.example/"), null);
    await assert.rejects(
        send(app, Oidc, () => {
            throw new RangeError("the app's");
        }),
        RangeError
    );
});

test("a request waits while it is not known whether it needs a token", async () => {
    for (const [isUserInitiallyLoggedIn, expected] of [[true, "Bearer token"], [false, null]]) {
        const Oidc = serviceWith({ providerAwaitsInitialization: false, mockDecodedIdToken: { sub: "1" } });
        const app = boot(Oidc, mocked({ mockAccessToken: "token", isUserInitiallyLoggedIn }));
        await app.started;
        let asked = 0;
        const sent = await send(app, Oidc, () => (asked++, app.service.isUserLoggedIn));
        assert.deepEqual([sent, asked], [expected, 2]);
    }
});

test("a request for a token that nobody has fails with the request's name", async () => {
    const Oidc = serviceWith();
    const app = boot(Oidc, mocked({ isUserInitiallyLoggedIn: false }));
    await app.started;
    await assert.rejects(send(app, Oidc, () => true), /an access token for GET https:\/\/api\.example\.com\/me was asked for, but no user/);
});
