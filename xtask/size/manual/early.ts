// The app of `cargo xtask size`, set up without the Vite plugin as the README says.
import { DPoP } from "countersign/DPoP";
import { oidcEarlyInit } from "countersign/entrypoint";

const { shouldLoadApp } = oidcEarlyInit({ BASE_URL: "/", securityDefenses: { ...DPoP({ mode: "auto" }) } });

if (shouldLoadApp) {
    import("../app/main.js");
}
