/** The app's only OIDC client. */
import { createOidc, type Oidc, type ParamsOfCreateOidc } from "oidc-spa/core";
import { config } from "./config";

/** What the app needs to know about its user. */
export type Claims = { sub: string; name: string };

/** Anything with a `parse` function, like a zod schema. */
const decodedIdTokenSchema = {
    parse({ sub, name }: Oidc.Tokens.DecodedIdToken_OidcCoreSpec): Claims {
        if (name === undefined) {
            throw new Error("the id_token has no name");
        }
        return { sub, name };
    }
};

async function params() {
    const { issuerUri, clientId, idleSessionLifetimeInSeconds } = await config;
    return {
        issuerUri,
        clientId,
        scopes: ["profile"],
        idleSessionLifetimeInSeconds,
        autoLogoutParams: { redirectTo: "home" },
        decodedIdTokenSchema
    } satisfies ParamsOfCreateOidc<Claims>;
}

/** Returns the client, whether or not a user is logged in. */
export async function getOidc(): Promise<Oidc<Claims>> {
    return createOidc(await params());
}

/**
 * Returns the client of a logged-in user, for pages that need one: goes to the login page by
 * itself.
 */
export async function getOidcOfUser(): Promise<Oidc.LoggedIn<Claims>> {
    return createOidc({ ...(await params()), autoLogin: true });
}
