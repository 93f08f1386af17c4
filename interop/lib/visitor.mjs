/**
 * A user without a browser: follows redirects, keeps cookies and fills in forms, for providers
 * whose pages work without scripts.
 */
import assert from "node:assert/strict";

const MAX_REDIRECTS = 20;

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** One page, as it was received. */
export class Page {
    /** @param {Visitor} visitor @param {string} url @param {number} status @param {string} html */
    constructor(visitor, url, status, html) {
        this.visitor = visitor;
        this.url = url;
        this.status = status;
        this.html = html;
    }

    /**
     * Fills in the form that has fields with these names, or the first one, and submits it as a
     * click does.
     *
     * @param {Record<string, string>} fields beside the hidden ones
     * @returns {Promise<Page>} the next page
     */
    submit(fields) {
        const forms = [...this.html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)];
        const hasFields = ([, , content]) =>
            Object.keys(fields).every(name => new RegExp(`\\bname=["']?${name}["'\\s>/]`, "i").test(content));
        const form = forms.find(hasFields) ?? forms[0];
        assert.ok(form, `${this.url} (status ${this.status}) has no form:\n${this.html.slice(0, 2_000)}`);
        const [, tag, content] = form;
        const values = new URLSearchParams();
        for (const [input] of content.matchAll(/<input\b[^>]*>/gi)) {
            const name = attribute(input, "name");
            if (name !== undefined && attribute(input, "type") === "hidden" && !(name in fields)) {
                values.append(name, attribute(input, "value") ?? "");
            }
        }
        for (const [name, value] of Object.entries(fields)) {
            values.append(name, value);
        }
        const action = new URL(attribute(tag, "action") ?? this.url, this.url);
        return this.visitor.send(action, { method: "POST", body: values, referrer: this.url });
    }
}

export class Visitor {
    /** Cookies by host name and name: cookies ignore ports. */
    #cookies = new Map();

    /** @param {string} url @returns {Promise<Page>} */
    get(url) {
        return this.send(new URL(url), {});
    }

    /** @returns {Promise<Page>} */
    async send(url, { method = "GET", body, referrer }) {
        for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
            const response = await fetch(url, {
                method,
                body,
                redirect: "manual",
                headers: {
                    Accept: "text/html",
                    Cookie: this.#cookiesFor(url),
                    ...(method === "POST" && referrer ? { Origin: new URL(referrer).origin, Referer: referrer } : {})
                }
            });
            this.#keep(url, response.headers.getSetCookie());
            const location = response.headers.get("Location");
            const text = await response.text();
            if (location === null || response.status < 300 || response.status > 399) {
                return new Page(this, url.href, response.status, text);
            }
            referrer = undefined;
            url = new URL(location, url);
            if (response.status !== 307 && response.status !== 308) {
                [method, body] = ["GET", undefined];
            }
        }
        throw new Error(`${url}: redirected more than ${MAX_REDIRECTS} times`);
    }

    #cookiesFor({ hostname, pathname }) {
        return [...(this.#cookies.get(hostname) ?? new Map()).values()]
            .filter(({ path }) => pathname.startsWith(path))
            .map(({ name, value }) => `${name}=${value}`)
            .join("; ");
    }

    #keep({ hostname }, fields) {
        const jar = this.#cookies.get(hostname) ?? new Map();
        this.#cookies.set(hostname, jar);
        for (const field of fields) {
            const [pair, ...attributes] = field.split(";").map(part => part.trim());
            const at = pair.indexOf("=");
            const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
            const of = wanted => attributes.find(text => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
            const path = of("path") ?? "/";
            const isOver = of("max-age") === "0" || (of("expires") !== undefined && Date.parse(of("expires")) <= Date.now());
            if (isOver || value === "") {
                jar.delete(`${name} ${path}`);
            } else {
                jar.set(`${name} ${path}`, { name, value, path });
            }
        }
    }
}

function attribute(tag, name) {
    const found = new RegExp(`\\b${name}=(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, "i").exec(tag);
    const value = found?.[1] ?? found?.[2] ?? found?.[3];
    return value?.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, word) => {
        if (word !== undefined) {
            return ENTITIES[word.toLowerCase()] ?? whole;
        }
        return String.fromCodePoint(hex === undefined ? Number(decimal) : parseInt(hex, 16));
    });
}
