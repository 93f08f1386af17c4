/** What the app gives to `init` and `login`, and what becomes of it. */
import { own } from "../../page/own.js";
import type { KeycloakInitOptions, KeycloakLoginOptions } from "./types.js";

const refuse = (what: string): never => {
    throw new TypeError(`countersign/keycloak-js: ${what}.`);
};

/** Throws a sentence for what cannot be, or is no value of its option. */
export function check(options: KeycloakInitOptions, hasCordova: boolean): void {
    const { adapter, flow, onLoad, pkceMethod, responseMode, token, refreshToken } = own(options);
    if (adapter === undefined ? hasCordova : adapter !== "default") {
        refuse(
            typeof adapter === "object"
                ? "there are no custom adapters; remove adapter, and let redirects leave the page"
                : 'there is no adapter for Cordova; keep keycloak-js there, or give adapter: "default" if this page can be left by a redirect'
        );
    }
    if (flow === "implicit" || flow === "hybrid") {
        refuse(`flow "${flow}" would put tokens into the URL; remove flow, and let the client use the standard flow at the server`);
    }
    if (token || refreshToken) {
        refuse(
            "token and refreshToken cannot be handed to init(), because tokens are bound to a key of the page; remove them, and let onLoad find the session"
        );
    }
    const among = (name: string, value: unknown, values: readonly unknown[]) =>
        !(value ?? undefined) || values.includes(value) || refuse(`${name} must be ${values.map(one => JSON.stringify(one)).join(" or ")}, not ${JSON.stringify(value)}`);
    among("responseMode", responseMode, ["query", "fragment"]);
    among("flow", flow, ["standard"]);
    among("pkceMethod", pkceMethod, ["S256", false]);
    among("onLoad", onLoad, ["check-sso", "login-required"]);
}

/** Returns the scopes of a text; `openid` is added where they go. */
export const toScopes = (scope: string | undefined): string[] => scope?.split(" ").filter(Boolean) ?? [];

/** Returns what a login adds to the authorization request. */
export function toParameters(options: KeycloakLoginOptions): Record<string, string | undefined> {
    const { scope, prompt, action, maxAge, loginHint, acr, acrValues, idpHint, locale } = own(options);
    return {
        scope: scope ? [...new Set(["openid", ...toScopes(scope)])].join(" ") : undefined,
        prompt: prompt || undefined,
        max_age: typeof maxAge === "number" ? `${maxAge}` : undefined,
        login_hint: loginHint || undefined,
        kc_idp_hint: idpHint || undefined,
        kc_action: action === "register" ? undefined : action || undefined,
        ui_locales: locale || undefined,
        claims: acr && JSON.stringify({ id_token: { acr } }),
        acr_values: acrValues || undefined
    };
}
