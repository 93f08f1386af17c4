import { createOidc, OidcInitializationError } from "countersign/core";
import { h, mount } from "./dom";
import { loggedInPage } from "./loggedInPage";
import { loggedOutPage } from "./loggedOutPage";

const oidc = await createOidc({
    issuerUri: __DEMO__.issuer,
    clientId: __DEMO__.clientId,
    scopes: ["profile", "email"]
}).catch((error: unknown) => error);

if (oidc instanceof Error) {
    const code = oidc instanceof OidcInitializationError ? oidc.code : undefined;
    mount(h("p", { class: "error" }, code === undefined ? oidc.message : `${code}: ${oidc.message}`));
} else {
    const started = oidc as Awaited<ReturnType<typeof createOidc>>;
    mount(started.isUserLoggedIn ? loggedInPage(started) : loggedOutPage(started));
}
