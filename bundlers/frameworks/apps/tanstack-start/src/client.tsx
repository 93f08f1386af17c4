import { DPoP } from "countersign/DPoP";
import { oidcEarlyInit } from "countersign/entrypoint";

const { shouldLoadApp } = oidcEarlyInit({ BASE_URL: import.meta.env.BASE_URL, securityDefenses: DPoP({ mode: "auto" }) });
if (shouldLoadApp) {
    import("./app");
}
