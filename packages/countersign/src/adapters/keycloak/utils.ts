/** What an app wants of a Keycloak server besides the login. Works with any OpenID Connect library. */
import { own } from "../../page/own.js";
import { fetchJson } from "./ask.js";
import { readIssuer, type KeycloakIssuerUriParsed } from "./issuer.js";

/** The user as the account API tells it. */
export type KeycloakProfile = {
    id?: string;
    username?: string;
    email?: string;
    firstName?: string;
    lastName?: string;
    enabled?: boolean;
    emailVerified?: boolean;
    totp?: boolean;
    createdTimestamp?: number;
    attributes?: Record<string, unknown>;
};

/** The claims of the userinfo endpoint (OpenID Connect Core 1.0, 5.3). */
export type KeycloakUserInfo = {
    sub: string;
    [key: string]: any;
};

export type KeycloakUtils = {
    issuerUriParsed: KeycloakIssuerUriParsed;
    /** Where the realm's administrators go. */
    adminConsoleUrl: string;
    /** Where the administrators of all realms go. */
    adminConsoleUrl_master: string;
    /**
     * Where users manage their account. `validRedirectUri`: where its link back leads; it must be
     * among the client's redirect URIs.
     */
    getAccountUrl: (params: { clientId: string; validRedirectUri: string; locale?: string }) => string;
    /** Rejects with a `NetworkError` (its `response` has the status) if the server refuses. */
    fetchUserProfile: (params: { accessToken: string }) => Promise<KeycloakProfile>;
    /** As `fetchUserProfile`. */
    fetchUserInfo: (params: { accessToken: string }) => Promise<KeycloakUserInfo>;
    /** For `login`: opens the registration page instead. */
    transformUrlBeforeRedirectForRegister: (authorizationUrl: string) => string;
};

/** Throws a `TypeError` for an issuer that is not Keycloak's: ask `isKeycloak` first. */
export function createKeycloakUtils(params: { issuerUri: string }): KeycloakUtils {
    const { issuerUri } = own(params);
    const issuerUriParsed = readIssuer(issuerUri);
    if (!issuerUriParsed) {
        throw new TypeError(
            `countersign: ${JSON.stringify(issuerUri)} is not the issuer of a Keycloak realm, like "https://login.example.com/realms/main"; ask isKeycloak() first if it may be another server's.`
        );
    }
    const { origin, realm, kcHttpRelativePath = "" } = issuerUriParsed;
    const server = origin + kcHttpRelativePath;
    const realmUrl = `${server}/realms/${encodeURIComponent(realm)}`;
    const consoleOf = (name: string) => `${server}/admin/${encodeURIComponent(name)}/console`;
    return {
        issuerUriParsed,
        adminConsoleUrl: consoleOf(realm),
        adminConsoleUrl_master: consoleOf("master"),
        getAccountUrl: params => {
            const { clientId, validRedirectUri, locale } = own(params);
            const back = new URL(validRedirectUri, globalThis.location?.href);
            if (!back.search && !back.hash) {
                back.pathname = back.pathname.replace(/\/?$/, "/");
            }
            return accountUrl(realmUrl, clientId, back.href, locale);
        },
        fetchUserProfile: params => fetchJson(`${realmUrl}/account`, own(params).accessToken),
        fetchUserInfo: params => fetchJson(`${realmUrl}/protocol/openid-connect/userinfo`, own(params).accessToken),
        transformUrlBeforeRedirectForRegister: toRegistration
    };
}

/** Returns the URL of the account console, with its link back. */
export const accountUrl = (realmUrl: string, clientId: string, back: string, locale?: string): string =>
    `${realmUrl}/account?${new URLSearchParams({ referrer: clientId, referrer_uri: back, ...(locale !== undefined && { kc_locale: locale }) })}`;

/** Returns the authorization request as the registration page takes it. */
export function toRegistration(authorizationUrl: string): string {
    const url = new URL(authorizationUrl);
    url.pathname = url.pathname.replace(/\/auth$/, "/registrations");
    return url.href;
}
