import { HttpClient } from "@angular/common/http";
import { Component, inject, signal } from "@angular/core";
import { RouterLink, RouterOutlet, type Routes } from "@angular/router";
import { firstValueFrom } from "rxjs";
import { API } from "./config";
import { Oidc } from "./oidc";

@Component({
    selector: "app-root",
    imports: [RouterLink, RouterOutlet],
    template: `
        @if (oidc.initializationError; as error) {
            <p id="error">{{ error.message }}</p>
        } @else if (oidc.isUserLoggedIn) {
            <p id="who">Hello {{ oidc.$decodedIdToken().name ?? oidc.$decodedIdToken().sub }}</p>
            <button (click)="oidc.logout({ redirectTo: 'home' })">Log out</button>
        } @else {
            <p id="who">Nobody is logged in</p>
            <button (click)="oidc.login()">Log in</button>
        }
        @if (oidc.$secondsLeftBeforeAutoLogout(); as seconds) {
            <p id="countdown">You are logged out in {{ seconds }} seconds</p>
        }
        <nav><a routerLink="/">Home</a> <a routerLink="/account">Account</a></nav>
        <router-outlet />
    `
})
export class App {
    readonly oidc = inject(Oidc);
}

@Component({ template: `<h1>Home</h1>` })
export class Home {}

@Component({
    template: `
        <h1>Account</h1>
        <button (click)="call()">Call the API</button>
        <pre id="answer">{{ answer() }}</pre>
    `
})
export class Account {
    readonly #http = inject(HttpClient);
    readonly answer = signal("");

    async call(): Promise<void> {
        this.answer.set(JSON.stringify(await firstValueFrom(this.#http.get(`${API}/api/me`))));
    }
}

export const routes: Routes = [
    { path: "", component: Home },
    { path: "account", component: Account, canActivate: [Oidc.enforceLoginGuard] }
];
