import { DPoP } from "countersign/DPoP";
import { oidcEarlyInit } from "countersign/entrypoint";

// Before anything else of the app, so everything else is imported later.
const { shouldLoadApp } = oidcEarlyInit({ BASE_URL: "/", securityDefenses: { ...DPoP({ mode: "auto" }) } });

if (shouldLoadApp) {
    void import("./main.lazy").then(({ start }) => start());
}
