/** The app's client, and what its components and loaders need of it. */
import { oidcSpa } from "countersign/react-spa";
import { z } from "zod";

export const { bootstrapOidc, useOidc, getOidc, enforceLogin, OidcInitializationGate } = oidcSpa
    .withExpectedDecodedIdTokenShape({
        decodedIdTokenSchema: z.object({ sub: z.string(), name: z.string().optional() }),
        decodedIdToken_mock: { sub: "mock", name: "Mock User" }
    })
    .createUtils();

/** `VITE_MOCK=1`: without an authorization server. */
void bootstrapOidc(
    import.meta.env["VITE_MOCK"]
        ? { implementation: "mock", isUserInitiallyLoggedIn: false }
        : {
              implementation: "real",
              // By default, the servers as examples/README.md starts them.
              issuerUri: import.meta.env["VITE_ISSUER"] ?? "http://localhost:9441",
              clientId: import.meta.env["VITE_CLIENT_ID"] ?? "demo"
          }
);

const api = import.meta.env["VITE_API"] ?? "http://localhost:9442";

/** Calls the API. The token goes out as DPoP, with a proof, underneath this code. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
    const oidc = await getOidc({ assert: "user logged in" });
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${await oidc.getAccessToken()}`);
    return fetch(api + path, { ...init, headers });
}
