/** Shows what the app knows about its session, and what a user can do with it. */
import type { Oidc } from "oidc-spa/core";
import { button, element, row } from "../dom";
import type { Claims } from "../oidc";

export function session(user: Oidc.LoggedIn<Claims>): HTMLElement {
    const renewals = row("Token changes seen", "0", "token-changes");
    let seen = 0;
    const subscription = user.subscribeToTokensChange(() => renewals.set(`${++seen}`));
    const countdown = row("Logged out in", "", "countdown");
    user.subscribeToAutoLogoutCountdown(({ secondsLeft }) =>
        countdown.set(secondsLeft === undefined ? "" : `${secondsLeft} s`)
    );
    const lifetime = row("Access token lives", "", "lifetime");
    void user.getTokens().then(({ accessTokenExpirationTime, getServerDateNow }) => {
        lifetime.set(`${Math.round((accessTokenExpirationTime - getServerDateNow()) / 1000)} s`);
    });
    return element(
        "section",
        {},
        element(
            "table",
            {},
            row("User", user.getDecodedIdToken().sub, "sub").line,
            row("Issuer", user.issuerUri, "issuer").line,
            row("Client", user.clientId, "client").line,
            row("Redirect URI", user.validRedirectUri, "redirect-uri").line,
            row("New browser session", `${user.isNewBrowserSession}`, "is-new").line,
            row("Back from the authorization server", JSON.stringify(user.backFromAuthServer ?? null), "back").line,
            lifetime.line,
            renewals.line,
            countdown.line
        ),
        button("Renew tokens", () => user.renewTokens()),
        button("Stop listening", async () => subscription.unsubscribeFromTokensChange()),
        button("Edit profile", () =>
            user.goToAuthServer({ redirectUrl: "/notes?edited=yes", extraQueryParams: { kc_action: "UPDATE_PROFILE" } })
        ),
        button("Leave", () => user.logout({ redirectTo: "specific url", url: "/?left=yes#bye" }))
    );
}
