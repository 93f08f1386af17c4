/** Which server and client: from the constructor's configuration. */
import type { OidcMetadata } from "../../core/params.js";
import { own } from "../../page/own.js";
import { safe } from "../../page/safe.js";
import { fetchJson } from "../keycloak/ask.js";
import type { KeycloakConfig, OpenIdProviderMetadata, PlaceOfApp } from "./types.js";

export interface Server {
    clientId: string;
    issuerUri: string;
    /** As the core has it (`core/params.ts`): where the page keeps whether there was a session. */
    key: string;
    /** Both are `undefined` of a server that is not named as a Keycloak. */
    authServerUrl: string | undefined;
    realm: string | undefined;
    /** `undefined` as `realm`. */
    realmUrl: string | undefined;
    registrationEndpoint: string | undefined;
    endSessionEndpoint: string | undefined;
    userinfoEndpoint: string | undefined;
    /** What the app gave of the server's metadata. */
    metadata: Partial<OidcMetadata> | undefined;
    place: PlaceOfApp;
}

/** The members of a `keycloak.json` that matter. */
interface JsonConfig {
    "auth-server-url": string;
    realm: string;
    resource: string;
}

const keyOf = (issuerUri: string, clientId: string): string => `countersign ${withoutSlash(issuerUri)} ${clientId}`;

const withoutSlash = (url: string): string => url.replace(/\/$/, "");

/** Throws for what is no configuration. */
export function checkConfig(config: KeycloakConfig | string): void {
    if (typeof config === "string") {
        return;
    }
    if (typeof config !== "object" || config === null) {
        throw new Error(
            "The 'Keycloak' constructor must be provided with a configuration object, or a URL to a JSON configuration file."
        );
    }
    const given = own(config);
    for (const name of "oidcProvider" in given ? ["clientId"] : ["url", "realm", "clientId"]) {
        if (!(name in given)) {
            throw new Error(`The configuration object is missing the required '${name}' property.`);
        }
    }
}

/** Reads the configuration, or fetches it. `config`: a URL if it is a text. */
export async function toServer(given: KeycloakConfig | string): Promise<Server> {
    if (typeof given === "string") {
        const { "auth-server-url": url, realm, resource: clientId } = own(await safe(fetchJson<JsonConfig>(given)));
        return ofKeycloak(url, realm, clientId, own<PlaceOfApp>({}));
    }
    const config = own(given);
    const { BASE_URL, sessionRestorationMethod } = config;
    const place = own<PlaceOfApp>({ ...(BASE_URL !== undefined && { BASE_URL }), ...(sessionRestorationMethod && { sessionRestorationMethod }) });
    return "oidcProvider" in config
        ? ofProvider(config.oidcProvider, config.clientId, place)
        : ofKeycloak(config.url, config.realm, config.clientId, place);
}

function ofKeycloak(authServerUrl: string, realm: string, clientId: string, place: PlaceOfApp): Server {
    for (const [name, value] of Object.entries({ url: authServerUrl, realm, clientId })) {
        if (typeof value !== "string") {
            throw new TypeError(
                `countersign/keycloak-js: ${name} of the configuration is ${JSON.stringify(value)}; it must be a text (is an environment variable missing?).`
            );
        }
    }
    const realmUrl = `${withoutSlash(authServerUrl)}/realms/${encodeURIComponent(realm)}`;
    const endpoint = (name: string) => `${realmUrl}/protocol/openid-connect/${name}`;
    const issuerUri = realmUrl.startsWith("/") ? location.origin + realmUrl : realmUrl;
    return {
        ...{ clientId, authServerUrl, realm, realmUrl, issuerUri, place },
        key: keyOf(issuerUri, clientId),
        registrationEndpoint: endpoint("registrations"),
        endSessionEndpoint: endpoint("logout"),
        userinfoEndpoint: endpoint("userinfo"),
        metadata: undefined
    };
}

async function ofProvider(provider: string | OpenIdProviderMetadata, clientId: string, place: PlaceOfApp): Promise<Server> {
    const isUrl = typeof provider === "string";
    // The engine fetches it too, and checks it. Here it only tells two more endpoints.
    const document = own(
        isUrl ? await safe(fetchJson<OpenIdProviderMetadata>(`${withoutSlash(provider)}/.well-known/openid-configuration`)) : provider
    );
    const issuerUri = isUrl ? provider : (document as { issuer?: string }).issuer;
    if (!issuerUri) {
        throw new TypeError(
            "countersign/keycloak-js: the metadata in oidcProvider have no issuer, which the id_token is checked against; add the member issuer, or give the issuer's URL as oidcProvider."
        );
    }
    return {
        ...{ clientId, issuerUri, place },
        key: keyOf(issuerUri, clientId),
        ...{ authServerUrl: undefined, realm: undefined, realmUrl: undefined, registrationEndpoint: undefined },
        endSessionEndpoint: document.end_session_endpoint,
        userinfoEndpoint: document.userinfo_endpoint,
        metadata: isUrl ? undefined : { ...provider }
    };
}

/**
 * Tells whether the hidden iframe may have missed a session: there is none, or the browser may keep
 * the server's cookies from it (`core/navigation/site.ts`).
 */
export function mayHideSession(place: PlaceOfApp, issuerUri: string): boolean {
    const { sessionRestorationMethod: method } = own(place);
    const hosts = [new URL(issuerUri).hostname, location.hostname].map(host => `.${host}`);
    const isOneSite = hosts.some(one => hosts.every(other => other.endsWith(one)));
    return method !== "iframe" && (method === "full page redirect" || crossOriginIsolated || !isOneSite);
}
