/** A page with the package's own modules, no bundler, that has logged in at the development server. */
import { startIdp } from "./servers.mjs";

const USER = "alice";

/** Early init, and the client. For each document. */
const start = async issuerUri => {
    const { DPoP } = await import("/dist/DPoP.js");
    const { oidcEarlyInit } = await import("/dist/entrypoint.js");
    oidcEarlyInit({ BASE_URL: "/", securityDefenses: { ...DPoP({ mode: "auto" }) } });
    const { createOidc } = await import("/dist/core.js");
    window.oidc = await createOidc({ issuerUri, clientId: "echo", scopes: ["profile"] });
    return window.oidc.isUserLoggedIn ? (await window.oidc.getTokens()).accessToken : undefined;
};

/**
 * @param {import("playwright-core").BrowserContext} context
 * @param {import("./echo-server.mjs").EchoServer} server whose root is the page
 * @returns {Promise<{ page: import("playwright-core").Page, token: string, stop: () => Promise<void> }>}
 */
export async function openLoggedIn(context, server) {
    const idp = await startIdp(["--allow-origin", server.origin, "--client", `echo=${server.origin}/`]);
    const issuerUri = `http://localhost:${idp.port}`;
    const page = await context.newPage();
    await page.goto(server.origin);
    await page.evaluate(start, issuerUri);
    await page.evaluate(() => void window.oidc.login());
    await page.getByRole("button", { name: new RegExp(USER, "i") }).click();
    await page.waitForURL(`${server.origin}/**`);
    const token = await page.evaluate(start, issuerUri);
    return { page, token, stop: () => idp.stop() };
}
