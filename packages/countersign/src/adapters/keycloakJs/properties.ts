/** What an app reads of the object of keycloak-js, and what it hears. */
import { own } from "../../page/own.js";
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

/** What an instance has only together with a token. */
export const OF_THE_TOKEN = ["token", "tokenParsed", "refreshToken", "refreshTokenParsed", "idToken", "idTokenParsed", "subject", "realmAccess", "resourceAccess"] as const;

const CALLBACKS = ["onReady", "onAuthSuccess", "onAuthError", "onAuthRefreshSuccess", "onAuthRefreshError", "onAuthLogout", "onTokenExpired", "onActionUpdate"] as const;

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

    hasRealmRole = (role: string): boolean => has(this.realmAccess, role);

    hasResourceRole = (role: string, resource?: string): boolean => has(own(this.resourceAccess)[resource || this.clientId!], role);

    static {
        // What an instance lacks, or has lost with the token, is not looked for on Object.prototype.
        for (const name of [...OF_THE_TOKEN, ...CALLBACKS]) {
            Object.defineProperty(this.prototype, name, own({ value: undefined, writable: true, configurable: true }));
        }
    }
}

const has = (access: KeycloakRoles | undefined, role: string): boolean => own(access).roles?.includes(role) ?? false;

/** Returns the claims of a JWT, unverified; `undefined` for an opaque token. */
export function readClaims(token: string): KeycloakTokenParsed | undefined {
    try {
        return decodeJwt<KeycloakTokenParsed>(token);
    } catch {
        return undefined;
    }
}
