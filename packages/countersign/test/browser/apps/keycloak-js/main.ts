/**
 * An app of keycloak-js that writes down what happens: each callback and result with the properties at that moment,
 * across page loads. It is built twice: with keycloak-js itself, and with ours in its place by an alias.
 */
import Keycloak, { type KeycloakConfig, type KeycloakInitOptions } from "keycloak-js";

declare global {
    interface Window {
        kc: Keycloak;
        /** What has happened in this tab, as JSON. */
        seen: () => unknown[];
        /** Adds a line. */
        note: (...what: unknown[]) => void;
        /** Calls a method and adds what becomes of it. */
        call: (name: string, ...given: unknown[]) => Promise<unknown>;
        isReady?: boolean;
    }
}

const KEY = "seen";
const { config, init } = (await (await fetch("/config.json")).json()) as {
    config: KeycloakConfig;
    init?: KeycloakInitOptions;
};

const kc = (window.kc = new Keycloak(config));

/** The properties, without what differs from login to login. */
const properties = () => {
    const { authenticated, subject, realmAccess, resourceAccess, responseMode, responseType, flow, timeSkew } = kc;
    const { didInitialize, loginRequired, authServerUrl, realm, clientId, redirectUri, token, refreshToken, idToken } = kc;
    const { tokenParsed, refreshTokenParsed, idTokenParsed, sessionId } = kc;
    return {
        ...{ authenticated, subject, realmAccess, resourceAccess, responseMode, responseType, flow },
        ...{ didInitialize, loginRequired, authServerUrl, realm, clientId, redirectUri },
        tokens: [token, refreshToken, idToken].map(token => typeof token),
        parsed: [tokenParsed, refreshTokenParsed, idTokenParsed].map(claims => claims?.sub),
        // Of keycloak-js it may be wrong by a second.
        timeSkew: timeSkew && Math.abs(timeSkew) > 1 ? timeSkew : typeof timeSkew,
        isSession: sessionId === tokenParsed?.["sid"]
    };
};

window.seen = () => JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
window.note = (...what) => {
    const line = [...what, properties()];
    sessionStorage.setItem(KEY, JSON.stringify([...window.seen(), JSON.parse(JSON.stringify(line))]));
};
const toError = (error: any) => (error?.error ? { error: error.error, description: error.error_description } : "an error");
window.call = async (name, ...given) => {
    try {
        const result = await (kc as any)[name](...given);
        window.note(name, given, "->", result);
        return result;
    } catch (error) {
        window.note(name, given, "rejects", toError(error));
        return undefined;
    }
};

for (const name of ["onReady", "onAuthSuccess", "onAuthError", "onAuthRefreshSuccess", "onAuthRefreshError", "onAuthLogout", "onTokenExpired", "onActionUpdate"] as const) {
    kc[name] = (...given: unknown[]) => window.note(name, ...given.filter(one => one !== undefined));
}

window.note("load", location.pathname + location.search + location.hash);
await window.call("init", ...(init ? [init] : []));
window.isReady = true;
