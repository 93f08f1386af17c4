/**
 * A user of the example app, who sees only the screen: nothing here depends on the library that the
 * app was built with.
 */
import assert from "node:assert/strict";

export class NotesApp {
    /** @type {import("playwright-core").Page} */ page;
    /** @type {import("../../../packages/countersign/test/browser/harness/app-server.mjs").AppServer} */ app;
    #logInAt;

    constructor({ page, app, logInAt }) {
        this.page = page;
        this.app = app;
        this.#logInAt = logInAt;
    }

    /** Starts loading a path of the app. The app may leave the page before it is loaded. */
    async open(path) {
        await this.page.goto(this.app.origin + path, { waitUntil: "commit" });
    }

    /** Waits until the app shows a path. */
    async shows(path, user) {
        await this.page.waitForURL(this.app.origin + path);
        await this.page.locator("#user").waitFor();
        assert.equal(await this.text("user"), user, "who is logged in");
    }

    /** Does the user's part at the authorization server. */
    async logIn() {
        await this.page.waitForURL(url => url.origin !== this.app.origin);
        await this.#logInAt(this.page);
    }

    click(name, role = "button") {
        return this.page.getByRole(role, { name, exact: true }).click();
    }

    text(id) {
        return this.page.locator(`#${id}`).textContent();
    }

    /**
     * Waits until the text of an element is, or fits, this.
     *
     * @param {string} id
     * @param {string | RegExp} text
     */
    holds(id, text) {
        const pattern = text instanceof RegExp ? text.source : `^${text}$`;
        return this.page.waitForFunction(
            ([id, pattern]) => new RegExp(pattern).test(document.getElementById(id)?.textContent ?? ""),
            [id, pattern],
            { polling: 20 }
        );
    }

    async back() {
        return JSON.parse(await this.text("back"));
    }

    /** Returns the number of notes, once they are loaded. */
    async notes() {
        const list = this.page.locator("#notes[data-count]");
        await list.waitFor({ state: "attached" });
        return Number(await list.getAttribute("data-count"));
    }
}
