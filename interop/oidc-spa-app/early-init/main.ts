/** The same app without the Vite plugin: early init is alone in the first module. */
import { oidcEarlyInit } from "oidc-spa/entrypoint";
import { browserRuntimeFreeze } from "oidc-spa/browser-runtime-freeze";
import { DPoP } from "oidc-spa/DPoP";

const { shouldLoadApp } = oidcEarlyInit({
    BASE_URL: "/",
    securityDefenses: {
        ...browserRuntimeFreeze(),
        ...DPoP({ mode: "auto" })
    }
});

if (shouldLoadApp) {
    void import("../src/main");
}
