import { oidcEarlyInit } from "countersign/entrypoint";
import { browserRuntimeFreeze } from "countersign/browser-runtime-freeze";
import { DPoP } from "countersign/DPoP";

declare const __MODE__: "off" | "auto" | "enforced";
declare const __FREEZE__: boolean | "promises";

const { shouldLoadApp } = oidcEarlyInit({
    BASE_URL: "/",
    securityDefenses: {
        ...(__FREEZE__ ? browserRuntimeFreeze({ promises: __FREEZE__ === "promises" }) : {}),
        ...(__MODE__ === "off" ? {} : DPoP({ mode: __MODE__ }))
    }
});

if (shouldLoadApp) {
    import("./main.lazy");
}
