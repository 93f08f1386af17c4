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
    if (oidc.initializationError !== undefined) {
        page.append(h("p", { class: "error" }, oidc.initializationError.message));
    }
    return page;
}
