import { oidcEarlyInit } from "countersign/entrypoint";
import { DPoP } from "countersign/DPoP";
oidcEarlyInit({ BASE_URL: "/", securityDefenses: DPoP({ mode: "auto" }) });
