/** What an app reads of the object of keycloak-js, and what it hears. */
import { decodeJwt } from "../decodeJwt.js";
import type {
    KeycloakError,
    KeycloakFlow,
    KeycloakProfile,
    KeycloakResourceAccess,
    KeycloakResponseMode,
    KeycloakResponseType,
    KeycloakRoles,
    KeycloakTokenParsed,
    KeycloakUserInfo
} from "./types.js";

export class Properties {
    /** Whether a user is logged in. */
    authenticated = false;
    /** `sub` of the token. */
    subject?: string;
    responseMode: KeycloakResponseMode = "fragment";
    responseType: KeycloakResponseType = "code";
    flow: KeycloakFlow = "standard";
    realmAccess?: KeycloakRoles;
    resourceAccess?: KeycloakResourceAccess;
    /** The access token. `fetch` and `XMLHttpRequest` send it as DPoP if it is bound. */
    token?: string;
    tokenParsed?: KeycloakTokenParsed;
    /** It is bound to the page's key: only `updateToken` can use it. */
    refreshToken?: string;
    refreshTokenParsed?: KeycloakTokenParsed;
    idToken?: string;
    idTokenParsed?: KeycloakTokenParsed;
    /** Seconds by which this computer's clock is ahead of the server's. */
    timeSkew: number | null = null;
    didInitialize = false;
    loginRequired = false;
    authServerUrl?: string;
    realm?: string;
    clientId?: string;
    redirectUri?: string;
    /** `sid` of the token. */
    sessionId?: string;
    profile?: KeycloakProfile;
    userInfo?: KeycloakUserInfo;

    /** Called when `init` knows whether a user is logged in. */
    onReady?(authenticated?: boolean): void;
    /** Called when `init` has found a session. */
    onAuthSuccess?(): void;
    /** Called when a login has failed; `init` rejects then. */
    onAuthError?(errorData?: KeycloakError): void;
    /** Called at each renewal, also at those that nobody has asked for. */
    onAuthRefreshSuccess?(): void;
    onAuthRefreshError?(): void;
    /** Called by `clearToken`, and when `updateToken` finds that the session has ended. */
    onAuthLogout?(): void;
    /**
     * Called when the token that `init` or `updateToken` has brought expires. It may have been
     * renewed already.
     */
    onTokenExpired?(): void;
    /** Called after an action of Keycloak (`login({ action })`). */
    onActionUpdate?(status: "success" | "cancelled" | "error", action?: string): void;

    hasRealmRole = (role: string): boolean => this.realmAccess?.roles.includes(role) ?? false;

    hasResourceRole = (role: string, resource?: string): boolean =>
        this.resourceAccess?.[resource || this.clientId!]?.roles.includes(role) ?? false;
}

/** Returns the claims of a JWT, unverified; `undefined` for an opaque token. */
export function readClaims(token: string): KeycloakTokenParsed | undefined {
    try {
        return decodeJwt<KeycloakTokenParsed>(token);
    } catch {
        return undefined;
    }
}
