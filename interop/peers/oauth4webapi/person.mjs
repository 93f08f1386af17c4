/** The user of our development server without a browser: follows redirects, keeps cookies, chooses a user. */

export class Person {
    #cookies = new Map();

    /**
     * Goes to an authorization request.
     *
     * @param {URL} url
     * @returns {Promise<URL>} where the response went
     */
    async logIn(url) {
        const { origin } = url;
        let response = await this.#get(url);
        if (response.status === 200) {
            const html = await response.text();
            const form = new URLSearchParams({ user: "alice" });
            for (const [, name, value] of html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)) {
                form.set(name, unescape(value));
            }
            const action = new URL(/<form method="post" action="([^"]*)">/.exec(html)[1], url);
            response = await this.#send(action, { method: "POST", body: form, headers: { Origin: origin } });
        }
        return landing(response);
    }

    /** @param {URL} url of the end-session endpoint @returns {Promise<URL>} where it led to */
    async logOut(url) {
        return landing(await this.#get(url));
    }

    #get(url) {
        return this.#send(url, {});
    }

    async #send(url, { headers, ...init }) {
        const cookie = [...this.#cookies].map(pair => pair.join("=")).join("; ");
        const response = await fetch(url, { ...init, redirect: "manual", headers: { ...headers, Cookie: cookie } });
        for (const set of response.headers.getSetCookie()) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
            this.#cookies.set(name, value);
        }
        return response;
    }
}

function landing(response) {
    const location = response.headers.get("Location");
    if (location === null) {
        throw new Error(`${response.url} answered ${response.status} and led nowhere`);
    }
    return new URL(location);
}

/** What the page escapes in attributes. */
function unescape(text) {
    return text
        .replaceAll("&lt;", "<")
        .replaceAll("&gt;", ">")
        .replaceAll("&quot;", '"')
        .replaceAll("&#39;", "'")
        .replaceAll("&amp;", "&");
}
