/**
 * Playwright's page, made of the few things that WebDriver and WebDriver BiDi have in common: run
 * a script, load, go back. Whatever waits asks the page again and again.
 */
import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { literal, source } from "./source.mjs";
import { Unsupported } from "./unsupported.mjs";

const POLLING_MILLISECONDS = 20;

/** The page was left while a script ran in it. */
export class Left extends Error {
    constructor(why) {
        super(`Execution context was destroyed: ${why}`);
    }
}

export class ScriptedPage extends EventEmitter {
    /** The events that the browser tells of. @type {ReadonlySet<string>} */
    tells = new Set();
    #context;
    #url = "about:blank";

    constructor(context) {
        super();
        this.#context = context;
    }

    /**
     * Runs an async function without parameters, given as source text, and returns its value. Throws
     * `Left` if the page was left meanwhile.
     *
     * @abstract
     * @param {string} script
     */
    async run(script) {
        throw new Unsupported(`this driver runs no script: ${script}`);
    }

    context() {
        return this.#context;
    }

    /** The address that the page last had when anything was asked of it, or told by it. */
    url() {
        return this.#url;
    }

    /** For subclasses that are told the page's address. */
    hasUrl(url) {
        this.#url = url;
    }

    async evaluate(script, argument) {
        return this.#outcome(await this.run(outcomeOf(source(script, argument))));
    }

    #outcome({ value, error, url }) {
        this.#url = url;
        if (error !== undefined) {
            throw new Error(error);
        }
        return value;
    }

    async waitForFunction(script, argument, { polling = POLLING_MILLISECONDS, timeout } = {}) {
        const value = await this.#until(`no value of ${script}`, () => this.evaluate(script, argument), polling, timeout);
        return { jsonValue: async () => value };
    }

    /** Asks until the answer is truthy. A page that is left meanwhile is asked again. */
    async #until(what, ask, polling = POLLING_MILLISECONDS, timeout = this.#context.patience) {
        const end = Date.now() + timeout;
        for (;;) {
            const answer = await ask().catch(error => {
                if (!(error instanceof Left)) {
                    throw error;
                }
            });
            if (answer) {
                return answer;
            }
            if (Date.now() > end) {
                throw new Error(`timed out after ${timeout} ms: ${what} at ${this.#url}`);
            }
            await sleep(polling);
        }
    }

    /** @param {string | RegExp} pattern a text may end with `**` */
    async waitForURL(pattern) {
        const fits =
            pattern instanceof RegExp
                ? url => pattern.test(url)
                : url => (pattern.endsWith("**") ? url.startsWith(pattern.slice(0, -2)) : url === pattern);
        await this.#until(`no address like ${pattern}`, async () => {
            const [url, isLoaded] = await this.evaluate(() => [location.href, document.readyState === "complete"]);
            return isLoaded && fits(url);
        });
    }

    async waitForSelector(selector) {
        await this.locator(selector).waitFor();
    }

    async waitForLoadState(state = "load") {
        if (state === "networkidle") {
            throw new Unsupported("the driver isn't told when the network is idle");
        }
        await this.#until("the page is not loaded", () => this.evaluate(() => document.readyState === "complete"));
    }

    locator(selector) {
        return new Locator(this, selector, undefined);
    }

    getByRole(role, { name } = {}) {
        if (role !== "button") {
            throw new Unsupported(`the driver finds buttons by their role, and no ${role}`);
        }
        return new Locator(this, "button, input[type=submit], [role=button]", name);
    }

    /** For locators. @param {() => Promise<unknown>} ask */
    until(what, ask) {
        return this.#until(what, ask);
    }

    get clock() {
        throw new Unsupported("the driver can't set the page's clock");
    }

    get mouse() {
        throw new Unsupported("the driver can't move the mouse");
    }

    on(name, listener) {
        if (["request", "console", "pageerror"].includes(name) && !this.tells.has(name)) {
            throw new Unsupported(`the driver isn't told of the event "${name}"`);
        }
        return super.on(name, listener);
    }

    once(name, listener) {
        this.on(name, () => undefined);
        return super.once(name, listener);
    }

    /** Resolves with the first event that `predicate` takes. */
    waitForEvent(name, { predicate = () => true, timeout = this.#context.patience } = {}) {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`timed out after ${timeout} ms: no event "${name}"`)), timeout);
            const listen = event => {
                if (predicate(event)) {
                    clearTimeout(timer);
                    this.off(name, listen);
                    resolve(event);
                }
            };
            this.on(name, listen);
        });
    }

    async route() {
        throw new Unsupported("the driver can't hold requests back");
    }

    frames() {
        throw new Unsupported("the driver runs no scripts in frames");
    }
}

/** The elements of a selector; with `name`, those whose text fits. */
class Locator {
    #page;
    #query;

    constructor(page, selector, name) {
        this.#page = page;
        this.#query = { selector, name };
    }

    first() {
        return this;
    }

    count() {
        return this.#ask(elements => elements.length);
    }

    waitFor() {
        return this.#page.until(`no ${JSON.stringify(this.#query)}`, () => this.count());
    }

    click() {
        return this.#page.until(`no ${JSON.stringify(this.#query)} to click`, () =>
            this.#ask(([element]) => {
                // After the answer: the page may be left by it.
                element && setTimeout(() => element.click());
                return element !== undefined;
            })
        );
    }

    fill(text) {
        return this.#page.until(`no ${JSON.stringify(this.#query)} to fill`, () =>
            this.#ask(([element], text) => element && ((element.value = text), true), text)
        );
    }

    async textContent() {
        await this.waitFor();
        return this.#ask(([element]) => element.textContent);
    }

    #ask(use, argument) {
        const { selector, name } = this.#query;
        const find = ({ selector, name }) =>
            [...document.querySelectorAll(selector)].filter(
                element => name === undefined || (typeof name === "string" ? (element.textContent || element.value).includes(name) : name.test(element.textContent || element.value))
            );
        return this.#page.evaluate(`(${use})((${find})(${literal({ selector, name })}), ${literal(argument)})`);
    }
}

/**
 * The source of a function that returns what a script comes to. An error is part of the value,
 * because the protocols report errors without their message in some cases.
 */
function outcomeOf(expression) {
    return `async () => {
        try {
            const value = await (${expression});
            return { value, url: location.href };
        } catch (error) {
            return { error: String(error && error.stack ? error + "\\n" + error.stack : error), url: location.href };
        }
    }`;
}
