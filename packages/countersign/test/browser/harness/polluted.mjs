/**
 * Pollutes `Object.prototype` with extra members, as a careless query parser of the app, or a
 * script, would. All code below that runs in a page removes them before the test's process asks the
 * page anything, because the browser's driver also reads plain objects in the page.
 */
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { packageRoot, repository } from "./paths.mjs";

const IDENTIFIER = "([A-Za-z_$][\\w$]*)";
/**
 * A member's name after a dot, before a colon, or between a brace or comma and the end of the name.
 */
const PROPERTIES = [`\\.\\s*${IDENTIFIER}`, `${IDENTIFIER}\\??\\s*:`, `[{,]\\s*${IDENTIFIER}\\s*(?=[,}=:(?])`].map(
    pattern => new RegExp(pattern, "g")
);

async function texts(directory, isWanted) {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries.filter(entry => entry.isFile() && isWanted(entry.name));
    return Promise.all(
        files
            .map(entry => path.join(entry.parentPath ?? entry.path, entry.name))
            .filter(file => !/vite-plugin|bytes\.js/.test(file))
            .map(file => readFile(file, "utf8"))
    );
}

/**
 * Returns the name of every member that the built package reads, writes or declares, and of every
 * member of JSON documents that the engine reads. Names that every object has are left out.
 *
 * @param {(file: string) => boolean} [isWanted] by the file's name
 */
export async function memberNames(isWanted = name => /\.(js|d\.ts)$/.test(name)) {
    const names = new Set();
    for (const text of await texts(path.join(packageRoot, "dist"), isWanted)) {
        const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "").replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
        for (const pattern of PROPERTIES) {
            for (const [, name] of code.matchAll(pattern)) {
                names.add(name);
            }
        }
    }
    for (const text of await texts(path.join(repository, "crates/countersign-client/src"), name => name.endsWith(".rs"))) {
        for (const [, name] of text.split("#[cfg(test)]")[0].matchAll(/"([a-z][a-z_]+)"/g)) {
            names.add(name);
        }
    }
    // Vite's helper for lazy imports stores its list in a member of this name, in every app.
    names.delete("f");
    // The indices that reading a list beyond its end would find.
    return [...names, "0", "1", "2", "3", "4", "5"].filter(name => !(name in {})).sort();
}

/**
 * The value of a polluted member, by kind. They are source texts, because functions can't be sent
 * to the page.
 */
export const VALUES = {
    text: `"true"`,
    flag: `true`,
    function: `() => "polluted"`,
    object: `({ __proto__: null, enabled: true, polluted: "polluted" })`
};

/**
 * For a page: `pollute(names, value)` installs accessors that pass assignments on, and returns a
 * function that removes them.
 */
export const POLLUTE = `(names, value) => {
    "use strict";
    const { defineProperty, deleteProperty } = Reflect;
    const all = [];
    for (let i = 0; i < names.length; i++) {
        const name = names[i];
        defineProperty(Object.prototype, name, {
            __proto__: null,
            configurable: true,
            enumerable: true,
            get: () => value,
            set(its) {
                defineProperty(this, name, { __proto__: null, value: its, writable: true, enumerable: true, configurable: true });
            }
        });
    }
    return () => {
        for (let i = 0; i < names.length; i++) {
            deleteProperty(Object.prototype, names[i]);
        }
    };
}`;

/**
 * What any page does, with or without this package. With some names on `Object.prototype` (members
 * of property descriptors and of the platform's dictionaries), it fails in any case. `call` is the
 * URL and `Authorization` of a request.
 */
export const CONTROL = `async (url, authorization) => {
    const outcome = act => Promise.resolve().then(act).then(it => (it ? String(it) : "ok"), error => error.name);
    const { publicKey } = (globalThis.controlKeys ??= await crypto.subtle.generateKey(
        { __proto__: null, name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]
    ));
    const xhr = () => new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open("GET", url);
        request.setRequestHeader("Authorization", authorization);
        request.onload = () => resolve(request.status);
        request.onerror = () => reject(new TypeError("xhr"));
        request.send();
    });
    const acts = [
        () => fetch(url, { method: "GET", headers: { Authorization: authorization } }).then(response => response.status),
        () => fetch(new Request(url, { headers: { Authorization: authorization } })).then(response => response.status),
        xhr,
        () => addEventListener("x", () => {}, { passive: true }),
        () => void new CustomEvent("x", { detail: 1 }),
        () => void Object.defineProperty({}, "x", { value: 1 }),
        () => void Object.defineProperty({}, "x", { get: () => 1 }),
        () => void (([one]) => one)([1, 2]),
        () => void new Proxy({}, {}).x,
        // Reads the private members of a public key too, which it inherits then.
        () => crypto.subtle.exportKey("jwk", publicKey).then(jwk => jwk.kty)
    ];
    const outcomes = [];
    for (let i = 0; i < acts.length; i++) {
        outcomes[i] = await outcome(acts[i]);
    }
    return outcomes.join();
}`;

/**
 * Returns, for a page without this package, the names of each kind of value that change the result
 * of `CONTROL`. It searches by halves, because most make no difference. With a function as `then`,
 * every object is a promise, and no page works.
 */
export const BROKEN = `async (names, values, url) => {
    const pollute = ${POLLUTE}, control = ${CONTROL};
    const sound = await control(url, "Bearer x");
    const broken = {};
    for (const [kind, value] of values) {
        const ill = [];
        const search = async names => {
            const restore = pollute(names, value);
            const outcomes = await control(url, "Bearer x");
            restore();
            if (outcomes === sound) {
                return;
            }
            if (names.length === 1) {
                ill.push(names[0]);
                return;
            }
            const middle = names.length >> 1;
            await search(names.slice(0, middle));
            await search(names.slice(middle));
        };
        await search(names.filter(name => name !== "then"));
        broken[kind] = kind === "function" ? [...ill, "then"] : ill;
    }
    return broken;
}`;

/**
 * Runs in every document of the app before its own scripts. It pollutes, and continues from page
 * load to page load: it logs in, calls and renews, restores the session by a reload, calls, and
 * logs out. It reports each result as one line in the console.
 */
export const FLOW = `(names, value, api, origin, secret) => {
    const { log } = console;
    const say = text => log(secret + text);
    const pollute = ${POLLUTE};
    if (location.origin !== origin) {
        return;
    }
    const { sessionStorage } = window;
    const restore = pollute(names, value);
    if (window !== top) {
        return;
    }
    const stage = Number(sessionStorage.getItem(secret));
    if (stage < 0) {
        restore();
        return;
    }
    const next = () => sessionStorage.setItem(secret, String(stage + 1));
    const call = async oidc => {
        const { accessToken } = await oidc.getTokens();
        const headers = { __proto__: null, Authorization: "Bearer " + accessToken };
        const fetched = await fetch(api, { __proto__: null, headers });
        const requested = await fetch(new Request(api, { __proto__: null, headers }));
        const xhr = await new Promise(resolve => {
            const request = new XMLHttpRequest();
            request.open("GET", api);
            request.setRequestHeader("Authorization", headers.Authorization);
            request.onloadend = () => resolve(request.status);
            request.send();
        });
        say("calls " + fetched.status + " " + requested.status + " " + xhr);
    };
    const run = async () => {
        const { outcomes, oidcs } = window.harness;
        const { main } = outcomes;
        say(stage + " " + JSON.stringify(main));
        const oidc = oidcs.get("main");
        if (stage === 0) {
            next();
            await oidc.login({ redirectUrl: "/in?x=1" });
        } else if (stage === 1) {
            say(location.pathname + location.search);
            say(JSON.stringify(oidc.backFromAuthServer) + oidc.isNewBrowserSession);
            await call(oidc);
            await oidc.renewTokens();
            await call(oidc);
            next();
            location.reload();
        } else if (stage === 2) {
            say(JSON.stringify(oidc.backFromAuthServer) + oidc.isNewBrowserSession);
            await call(oidc);
            next();
            await oidc.logout({ redirectTo: "home" });
        } else {
            say(location.pathname + location.search);
            sessionStorage.setItem(secret, "-1");
            restore();
            say("end");
        }
    };
    const wait = () => {
        const { harness } = window;
        if (!harness || typeof harness !== "object" || !harness.outcomes) {
            setTimeout(wait, 5);
        } else {
            run().catch(error => say("failed: " + error.name + " " + error.message));
        }
    };
    wait();
}`;

/**
 * Runs in a logged-in page and pollutes each name alone while the app makes a call. With `isWhole`,
 * also while it starts to leave for the server (up to `transformUrlBeforeRedirect`), renews, sets
 * up another client and starts that client's login. Returns the names that make a difference, and
 * which difference.
 */
export const EACH = `async (values, api) => {
    const pollute = ${POLLUTE};
    const { harness } = window;
    const { createOidc, oidcs } = harness;
    const main = oidcs.get("main");
    const { issuerUri } = main;
    const outcome = act => Promise.resolve().then(act).then(String, error => error.name + " " + error.code);
    let count = 0;
    const one = async isWhole => {
        const { accessToken } = await main.getTokens();
        const headers = { __proto__: null, Authorization: "Bearer " + accessToken };
        const outcomes = [];
        const note = text => (outcomes[outcomes.length] = text);
        note(await outcome(() => fetch(api, { __proto__: null, headers }).then(response => response.status)));
        note(await outcome(() => new Promise(resolve => {
            const request = new XMLHttpRequest();
            request.open("GET", api);
            request.setRequestHeader("Authorization", headers.Authorization);
            request.onloadend = () => resolve(request.status);
            request.send();
        })));
        const stop = url => {
            note(url.replace(/(\\w+)=([^&]*)/g, (_, name, its) => (/^(nonce|state|code_challenge|dpop_jkt|client_id)$/.test(name) ? name : name + "=" + its)));
            throw new RangeError("stop");
        };
        if (isWhole) {
            note(await outcome(() => main.goToAuthServer({ transformUrlBeforeRedirect: stop })));
            note(await outcome(() => main.logout({ redirectTo: "specific url", url: "https://elsewhere.example/" })));
            note(await outcome(() => main.renewTokens({})));
            const other = await createOidc({ issuerUri, clientId: "other" + count++, sessionRestorationMethod: "full page redirect" });
            note(String(other.isUserLoggedIn) + other.initializationError);
            note(await outcome(() => other.login({ transformUrlBeforeRedirect: stop })));
        }
        return outcomes.join("\\n");
    };
    const sound = { __proto__: null, true: await one(true), false: await one(false) };
    const different = [];
    for (const [value, isWhole, chosen] of values) {
        for (let i = 0; i < chosen.length; i++) {
            const restore = pollute([chosen[i]], value);
            let outcomes;
            try {
                outcomes = await one(isWhole);
            } catch (error) {
                outcomes = String(error);
            }
            restore();
            if (outcomes !== sound[isWhole]) {
                different.push(chosen[i] + ": " + outcomes + " instead of " + sound[isWhole]);
            }
        }
    }
    return different;
}`;
