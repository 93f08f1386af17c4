/** Keycloak's issuers: `<server>/realms/<realm>`. */
import { own } from "../../page/own.js";

export type KeycloakIssuerUriParsed = {
    origin: string;
    realm: string;
    /** Begins with a slash and does not end with one; `undefined` if the server is at the root. */
    kcHttpRelativePath: string | undefined;
};

/** Returns the parts of a Keycloak issuer; `undefined` for any other issuer, or what is no URL. */
export function readIssuer(issuerUri: string): KeycloakIssuerUriParsed | undefined {
    try {
        const { origin, pathname } = new URL(issuerUri, globalThis.location?.href);
        const [path, realm, ...others] = pathname.replace(/\/$/, "").split("/realms/");
        return realm && !realm.includes("/") && others.length === 0
            ? { origin, realm: decodeURIComponent(realm), kcHttpRelativePath: path || undefined }
            : undefined;
    } catch {
        return undefined;
    }
}

/** Tells whether this is the issuer of a Keycloak realm, by its form. */
export const isKeycloak = (params: { issuerUri: string }): boolean => readIssuer(own(params).issuerUri) !== undefined;
