/** An app of keycloak-js: only the import is another. */
import Keycloak from "countersign/keycloak-js";

const keycloak = new Keycloak({
    url: import.meta.env["VITE_KEYCLOAK"] ?? "http://localhost:8080",
    realm: import.meta.env["VITE_REALM"] ?? "myrealm",
    clientId: import.meta.env["VITE_CLIENT_ID"] ?? "myclient"
});
const api = import.meta.env["VITE_API"] ?? "http://localhost:9442";

const element = (id: string) => document.querySelector<HTMLElement>(`#${id}`)!;
const log = (text: string) => void (element("log").textContent += `${text}\n`);
const onClick = (id: string, act: () => Promise<unknown>) =>
    element(id).addEventListener("click", () => void act().catch((error: Error) => log(error.message)));

keycloak.onAuthSuccess = () => log("logged in");
keycloak.onAuthRefreshSuccess = () => log("refreshed");
keycloak.onAuthError = error => log(`not logged in: ${error?.error}`);

onClick("login", () => keycloak.login());
onClick("register", () => keycloak.register());
onClick("logout", () => keycloak.logout());
onClick("refresh", () => keycloak.updateToken(-1));
onClick("roles", async () => log(JSON.stringify([keycloak.realmAccess?.roles, keycloak.hasRealmRole("admin")])));
onClick("call", async () => {
    // What leaves the page is `Authorization: DPoP` with a proof.
    const response = await fetch(`${api}/api/me`, { headers: { Authorization: `Bearer ${keycloak.token}` } });
    log(`${response.status}: ${await response.text()}`);
});

try {
    await keycloak.init({ onLoad: "check-sso" });
    element("user").textContent = keycloak.authenticated ? `You are ${keycloak.subject}` : "Nobody is logged in";
} catch (error) {
    element("user").textContent = (error as Error).message;
}
