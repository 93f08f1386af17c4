/** `keycloak-angular`, as its README says: provider, interceptor, refresh by activity, event signal. Compiled in the page. */
import "@angular/compiler";
import { HttpClient, provideHttpClient, withInterceptors } from "@angular/common/http";
import { Component, effect, inject, provideZonelessChangeDetection, signal } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";
import Keycloak from "keycloak-js";
import {
    AutoRefreshTokenService,
    createInterceptorCondition,
    INCLUDE_BEARER_TOKEN_INTERCEPTOR_CONFIG,
    includeBearerTokenInterceptor,
    KEYCLOAK_EVENT_SIGNAL,
    provideKeycloak,
    UserActivityService,
    withAutoRefreshToken
} from "keycloak-angular";

const { config, api } = await (await fetch("/config.json")).json();

window.events = [];
const App = Component({
    selector: "app-root",
    template: `
        @if (isLoggedIn()) {
            <p id="user">{{ keycloak.tokenParsed.preferred_username }}</p>
            <p id="answer">{{ answer() }}</p>
            <button id="call" (click)="call()">Call</button>
            <button id="renew" (click)="keycloak.updateToken(-1)">Renew</button>
            <button id="logout" (click)="keycloak.logout()">Log out</button>
        } @else {
            <button id="login" (click)="keycloak.login()">Log in</button>
        }
    `
})(
    class {
        keycloak = inject(Keycloak);
        http = inject(HttpClient);
        answer = signal("");
        isLoggedIn = signal(this.keycloak.authenticated);
        constructor() {
            const last = inject(KEYCLOAK_EVENT_SIGNAL);
            effect(() => void window.events.push(last().type));
        }
        call() {
            this.http.get(`${api}/api/me`, { observe: "response" }).subscribe(({ status, body }) => this.answer.set(`${status} ${body.sub}`));
        }
    }
);

await bootstrapApplication(App, {
    providers: [
        provideKeycloak({
            config,
            initOptions: { onLoad: "check-sso" },
            features: [withAutoRefreshToken({ onInactivityTimeout: "logout", sessionTimeout: 60_000 })],
            providers: [AutoRefreshTokenService, UserActivityService]
        }),
        {
            provide: INCLUDE_BEARER_TOKEN_INTERCEPTOR_CONFIG,
            useValue: [createInterceptorCondition({ urlPattern: new RegExp(`^${api}/`) })]
        },
        provideHttpClient(withInterceptors([includeBearerTokenInterceptor])),
        provideZonelessChangeDetection()
    ]
});
