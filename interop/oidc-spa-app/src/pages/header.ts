import type { Oidc } from "oidc-spa/core";
import { button, element } from "../dom";
import type { Claims } from "../oidc";

export function header(oidc: Oidc<Claims>): HTMLElement {
    const links = [
        element("a", { href: "/" }, "Home"),
        " ",
        element("a", { href: "/notes" }, "Notes"),
        " ",
        // This link loads a new page, because `createOidc` is called once per page.
        element("a", { href: "/team", rel: "external" }, "Team")
    ];
    return element("header", {}, element("nav", {}, ...links), ...account(oidc));
}

function account(oidc: Oidc<Claims>): Node[] {
    if (oidc.isUserLoggedIn) {
        return [
            element("span", { id: "user" }, oidc.getDecodedIdToken().name),
            button("Log out", () => oidc.logout({ redirectTo: "home" }))
        ];
    }
    const { initializationError } = oidc;
    return [
        ...(initializationError ? [element("p", { id: "unavailable" }, initializationError.message)] : []),
        element("span", { id: "user" }, "nobody"),
        button("Log in", () =>
            oidc.login({ doesCurrentHrefRequiresAuth: false, extraQueryParams: { ui_locales: "en" } })
        )
    ];
}
