/** A tab of Firefox, over WebDriver BiDi. */
import { BidiError, fromRemote } from "./bidi.mjs";
import { Left, ScriptedPage } from "./page.mjs";

/** How Firefox says that a document went away below a command. */
const LEFT = /no such frame|no such realm|destroyed|AbortError|DataCloneError|discarded|actor|closed/i;

export class FirefoxPage extends ScriptedPage {
    tells = new Set(["request", "console", "pageerror"]);
    #bidi;
    /** Subscriptions under way, which the next command waits for. */
    #ready = Promise.resolve();
    #isWatched = false;
    /** @type {Map<Function, { handler: Function, intercept: Promise<string> }>} */
    #routes = new Map();

    constructor(context, bidi, id) {
        super(context);
        this.#bidi = bidi;
        /** The browsing context's id. */
        this.id = id;
    }

    run(script) {
        return this.#runIn(this.id, script);
    }

    async #runIn(context, script) {
        let result;
        try {
            result = await this.#send("script.callFunction", {
                functionDeclaration: script,
                target: { context },
                awaitPromise: true
            });
        } catch (error) {
            if (error instanceof BidiError && LEFT.test(error.message)) {
                throw new Left(error.message);
            }
            throw error;
        }
        if (result.type === "exception") {
            throw new Error(result.exceptionDetails.text);
        }
        return fromRemote(result.result);
    }

    async #send(method, params) {
        await this.#ready;
        return this.#bidi.send(method, params);
    }

    goto(url, options) {
        return this.#navigate("browsingContext.navigate", { url }, options);
    }

    reload(options) {
        return this.#navigate("browsingContext.reload", {}, options);
    }

    async #navigate(method, params, { waitUntil = "load" } = {}) {
        const wait = { load: "complete", domcontentloaded: "interactive", commit: "none" }[waitUntil];
        try {
            await this.#send(method, { context: this.id, wait, ...params });
        } catch (error) {
            // A page that leaves while it loads ends the wait for it.
            if (!/NS_BINDING_ABORTED|aborted|interrupted|superseded/i.test(error.message)) {
                throw error;
            }
        }
    }

    async goBack() {
        await this.#send("browsingContext.traverseHistory", { context: this.id, delta: -1 });
    }

    async close() {
        await this.#send("browsingContext.close", { context: this.id });
    }

    on(name, listener) {
        name === "request" && this.#watch();
        return super.on(name, listener);
    }

    #watch() {
        if (!this.#isWatched) {
            this.#isWatched = true;
            const subscription = { events: ["network.beforeRequestSent"], contexts: [this.id] };
            this.#ready = this.#bidi.send("session.subscribe", subscription);
        }
    }

    mainFrame() {
        return this;
    }

    /** For the browser: a request of this page or a frame in it. */
    requested({ context, navigation, request, isBlocked }) {
        const frame = context === this.id ? this : undefined;
        if (isBlocked) {
            void this.#held(request);
        }
        this.emit("request", {
            url: () => request.url,
            method: () => request.method,
            isNavigationRequest: () => navigation !== null,
            frame: () => frame
        });
    }

    /** @param {(url: URL) => boolean} isWanted */
    async route(isWanted, handler) {
        this.#watch();
        const params = { phases: ["beforeRequestSent"], contexts: [this.id] };
        const { intercept } = await this.#send("network.addIntercept", params);
        this.#routes.set(isWanted, { handler, intercept });
    }

    async unroute(isWanted) {
        const { intercept } = this.#routes.get(isWanted);
        this.#routes.delete(isWanted);
        await this.#send("network.removeIntercept", { intercept });
    }

    async #held({ request: id, url }) {
        const go = () => this.#bidi.send("network.continueRequest", { request: id }).catch(() => undefined);
        for (const [isWanted, { handler }] of this.#routes) {
            if (isWanted(new URL(url))) {
                await handler({ continue: go });
                return;
            }
        }
        await go();
    }

    async frames() {
        const { contexts } = await this.#send("browsingContext.getTree", { root: this.id });
        const all = contexts.flatMap(function list(context) {
            return [context.context, ...(context.children ?? []).flatMap(list)];
        });
        return Promise.all(
            all.map(async id => {
                const frame = new FrameOf(this, script => this.#runIn(id, script));
                const name = await frame.evaluate(() => window.name);
                return Object.assign(frame, { name: () => name });
            })
        );
    }

    get mouse() {
        const move = async (x, y) => {
            const actions = [{ type: "pointer", id: "mouse", actions: [{ type: "pointerMove", x, y }] }];
            await this.#send("input.performActions", { context: this.id, actions });
        };
        return { move };
    }
}

class FrameOf extends ScriptedPage {
    constructor(page, run) {
        super(page.context());
        this.run = run;
    }
}
