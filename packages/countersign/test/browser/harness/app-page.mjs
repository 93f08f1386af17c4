/**
 * Drives the test app in a page, through the app's object `window.harness`, and finds its requests
 * in the recording proxy in front of the authorization server.
 */
export class AppPage {
    /** @type {import("playwright-core").Page} */ page;
    /** @type {import("./app-server.mjs").AppServer} */ app;
    /** The recording proxy in front of the authorization server. @type {import("./wire.mjs").Wire} */ issuer;
    /** The authorization server's metadata. @type {Record<string, string>} */ metadata;

    /** Opens the app and returns how its clients settled. */
    async open(path = "/") {
        await this.page.goto(this.app.origin + path);
        return this.settled();
    }

    /** Waits, across redirects, until every client of the app has settled. */
    async settled() {
        for (;;) {
            const handle = await this.page.waitForFunction(
                () => (window.harness?.outcomes === undefined ? undefined : { outcomes: window.harness.outcomes }),
                undefined,
                // Polls by time: a page that is being redirected may never get an animation frame.
                { polling: 20 }
            );
            try {
                return (await handle.jsonValue()).outcomes;
            } catch (error) {
                // The page was left in between: the next page settles.
                if (!String(error).includes("Execution context was destroyed")) {
                    throw error;
                }
            }
        }
    }

    /**
     * Logs in: from the logged-out app to the logged-in one.
     *
     * @param {(page: import("playwright-core").Page) => Promise<unknown>} atProvider the user's part, once the page is left
     */
    async logInWith(atProvider, client = "main") {
        await this.page.evaluate(name => void window.harness.login(name), client);
        await atProvider(this.page);
        await this.page.waitForURL(`${this.app.origin}/**`);
        return this.settled();
    }

    /** Does something that makes the page leave, and waits for the app afterwards. */
    async leave(action, argument) {
        await this.page.evaluate(() => (window.isOld = true));
        await this.page.evaluate(action, argument);
        await this.page.waitForFunction(
            () => window.isOld !== true && window.harness?.outcomes !== undefined,
            undefined,
            { polling: 20 }
        );
        return this.settled();
    }

    logOut(client = "main") {
        return this.leave(name => void window.harness.loggedIn(name).logout({ redirectTo: "home" }), client);
    }

    tokens(client = "main") {
        return this.page.evaluate(name => window.harness.tokens(name), client);
    }

    /** Makes a call as the app does; see `apps/shared/calls.ts`. */
    call(call, client = "main") {
        return this.page.evaluate(([call, name]) => window.harness.call(call, name), [call, client]);
    }

    burst(call, times, client = "main") {
        return this.page.evaluate(([...args]) => window.harness.burst(...args), [call, times, client]);
    }

    renew(client = "main") {
        return this.page.evaluate(async name => window.harness.loggedIn(name).renewTokens(), client);
    }

    /** Returns the requests to the token endpoint. */
    tokenRequests(since = 0) {
        return this.issuer.list({ method: "POST", since }).filter(({ path }) => path === this.tokenPath);
    }

    /** Returns the authorization requests. */
    authorizationRequests(since = 0) {
        return this.issuer.list({ method: "GET", since }).filter(({ path }) => path === this.authorizationPath);
    }

    /** Paths of the authorization server's endpoints, from its metadata. */
    get tokenPath() {
        return new URL(this.metadata.token_endpoint).pathname;
    }

    get authorizationPath() {
        return new URL(this.metadata.authorization_endpoint).pathname;
    }

    get endSessionPath() {
        return new URL(this.metadata.end_session_endpoint).pathname;
    }

    get jwksPath() {
        return new URL(this.metadata.jwks_uri).pathname;
    }
}
