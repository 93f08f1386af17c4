// The smallest app that logs in, which `cargo xtask size` measures.
import { createOidc } from "countersign/core";

declare const ISSUER: string;

const root = document.getElementById("root")!;
const oidc = await createOidc({ issuerUri: ISSUER, clientId: "size", scopes: ["profile"], BASE_URL: "/" });

if (oidc.isUserLoggedIn) {
    root.textContent = `Hello ${String(oidc.getDecodedIdToken().name)}`;
    root.dataset["session"] = "restored";
} else {
    const button = document.createElement("button");
    button.textContent = oidc.initializationError?.message ?? "Log in";
    button.onclick = () => oidc.login({ doesCurrentHrefRequiresAuth: false });
    root.append(button);
}
