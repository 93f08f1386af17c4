// The smallest app that logs in, for `cargo xtask bench --browser`; `the-library` is ours or the
// reference.
import { createOidc } from "the-library";

declare const ISSUER: string;

const oidc = await createOidc({ issuerUri: ISSUER, clientId: "bench", scopes: ["profile"], BASE_URL: "/" });
if (oidc.isUserLoggedIn) {
    Object.assign(window, { accessToken: (await oidc.getTokens()).accessToken });
} else if (oidc.initializationError) {
    throw oidc.initializationError;
} else {
    await oidc.login({ doesCurrentHrefRequiresAuth: true });
}
