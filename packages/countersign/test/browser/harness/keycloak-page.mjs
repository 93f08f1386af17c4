/** Drives the app of `apps/keycloak-js` in a page, and reads what it has seen. */

export class KeycloakPage {
    /** @param {import("playwright-core").Page} page @param {string} origin the app's */
    constructor(page, origin) {
        this.page = page;
        this.origin = origin;
    }

    /** Opens the app, and waits until `init` has settled. */
    async open(path = "/") {
        await this.page.goto(this.origin + path);
        await this.ready();
    }

    /** Waits, across redirects, until `init` of the page has settled. */
    async ready() {
        await this.page.waitForFunction(() => window.isReady && !window.isOld, undefined, { polling: 20 }).catch(async error => {
            throw new Error(`the page stays at ${this.page.url()}, the app has seen ${JSON.stringify(await this.seen().catch(() => undefined))}`, { cause: error });
        });
    }

    /** Calls a method of the object, and returns what it resolves with. */
    call(name, ...given) {
        return this.page.evaluate(([name, given]) => window.call(name, ...given), [name, given]);
    }

    /** Calls a method that leaves the page. */
    async leave(name, ...given) {
        await this.page.evaluate(([name, given]) => {
            window.isOld = true;
            void window.kc[name](...given);
        }, [name, given]);
    }

    seen() {
        return this.page.evaluate(() => window.seen());
    }
}
