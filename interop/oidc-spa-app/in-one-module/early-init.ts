/** For an app whose entry cannot be changed: early init is in the module that makes the client. */
import { oidcEarlyInit } from "oidc-spa/core";
import { browserRuntimeFreeze } from "oidc-spa/browser-runtime-freeze";
import { DPoP } from "oidc-spa/DPoP";

oidcEarlyInit({
    BASE_URL: "/",
    securityDefenses: {
        ...browserRuntimeFreeze(),
        ...DPoP({ mode: "auto" })
    }
});
