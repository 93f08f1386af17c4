/** Starts the app: chooses the page, and finds out who is logged in. */
import { OidcInitializationError, type Oidc } from "oidc-spa/core";
import { element, showError } from "./dom";
import { getOidc, getOidcOfUser, type Claims } from "./oidc";
import { header } from "./pages/header";
import { notes } from "./pages/notes";

const app = document.querySelector("#app")!;

async function start(): Promise<void> {
    if (location.pathname === "/team") {
        const user = await getOidcOfUser();
        show(user, notes(user));
        return;
    }
    const oidc = await getOidc();
    // Links within the app change the page without a page load.
    app.addEventListener("click", event => {
        const link = event.target instanceof HTMLAnchorElement ? event.target : undefined;
        if (link && link.rel !== "external") {
            event.preventDefault();
            goTo(oidc, link.pathname).catch(showError);
        }
    });
    addEventListener("popstate", () => void render(oidc).catch(showError));
    await render(oidc);
}

async function goTo(oidc: Oidc<Claims>, path: string): Promise<void> {
    if (path === "/notes" && !oidc.isUserLoggedIn) {
        // The page that the user leaves is public, so the back button may return to it.
        await oidc.login({ doesCurrentHrefRequiresAuth: false, redirectUrl: path });
    }
    history.pushState({}, "", path);
    await render(oidc);
}

async function render(oidc: Oidc<Claims>): Promise<void> {
    if (location.pathname !== "/notes") {
        show(oidc, element("main", {}, element("h1", {}, "Welcome")));
        return;
    }
    const user = oidc.isUserLoggedIn ? oidc : await oidc.login({ doesCurrentHrefRequiresAuth: true });
    show(user, notes(user));
}

function show(oidc: Oidc<Claims>, page: HTMLElement): void {
    app.replaceChildren(header(oidc), page);
    document.documentElement.dataset["ready"] = location.pathname;
}

start().catch((error: unknown) => {
    if (error instanceof OidcInitializationError && error.isAuthServerLikelyDown) {
        showError("Logging in is not possible at the moment.");
    }
    showError(error);
});
