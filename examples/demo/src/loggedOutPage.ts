import type { Oidc } from "countersign/core";
import { h } from "./dom";

export function loggedOutPage(oidc: Oidc.NotLoggedIn): Node {
    const page = h(
        "main",
        { class: "welcome" },
        h("h1", {}, "Countersign demo"),
        h(
            "p",
            {},
            "Log in, call an API, then steal the access token and try to use it. ",
            "The page sends ordinary Bearer requests; Countersign turns them into DPoP (RFC 9449)."
        ),
        h("button", { class: "primary", id: "login", click: () => void oidc.login() }, "Log in")
    );
    if (__DEMO__.users.length > 0) {
        page.append(
            h("p", {}, "The login page asks for a name and a password:"),
            h(
                "ul",
                { class: "users" },
                ...__DEMO__.users.map(([name, password]) =>
                    h("li", {}, h("code", {}, name), " with ", h("code", {}, password))
                )
            )
        );
    }
    if (oidc.initializationError !== undefined) {
        page.append(h("p", { class: "error" }, oidc.initializationError.message));
    }
    return page;
}
