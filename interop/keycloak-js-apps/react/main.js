/** `@react-keycloak/web`, as its README says. */
import { createElement as h, useState } from "react";
import { createRoot } from "react-dom/client";
import { ReactKeycloakProvider, useKeycloak } from "@react-keycloak/web";
import Keycloak from "keycloak-js";

const { config, api } = await (await fetch("/config.json")).json();

function App() {
    const { keycloak, initialized } = useKeycloak();
    const [answer, setAnswer] = useState("");
    const call = async () => {
        const response = await fetch(`${api}/api/me`, { headers: { Authorization: `Bearer ${keycloak.token}` } });
        setAnswer(`${response.status} ${(await response.json()).sub}`);
    };
    if (!initialized) {
        return h("p", null, "One moment");
    }
    return keycloak.authenticated
        ? h(
              "main",
              null,
              h("p", { id: "user" }, keycloak.tokenParsed.preferred_username),
              h("p", { id: "answer" }, answer),
              h("button", { id: "call", onClick: call }, "Call"),
              h("button", { id: "renew", onClick: () => keycloak.updateToken(-1) }, "Renew"),
              h("button", { id: "logout", onClick: () => keycloak.logout() }, "Log out")
          )
        : h("button", { id: "login", onClick: () => keycloak.login() }, "Log in");
}

window.events = [];
createRoot(document.querySelector("#root")).render(
    h(
        ReactKeycloakProvider,
        {
            authClient: new Keycloak(config),
            initOptions: { onLoad: "check-sso" },
            onEvent: event => window.events.push(event),
            onTokens: tokens => (window.tokens = tokens)
        },
        h(App)
    )
);
