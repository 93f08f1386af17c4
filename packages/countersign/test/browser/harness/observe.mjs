/** What page and servers see of `behaviours`, with Countersign or without, beside a library or alone. */
import { openPage } from "../../unit/support/page.mjs";
import { EchoServer } from "./echo-server.mjs";
import { openLoggedIn } from "./logged-in.mjs";

const load = async () => {
    await import("/libraries/it.js");
};

/**
 * Runs all behaviours in a page of its own, with servers of its own, and returns what page and servers saw of each.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {{ isNative?: boolean, isReal?: boolean, token?: string, query?: string, library?: string, order?: "before" | "after", used?: string }} options
 * `isNative`: without Countersign; `isReal`: with its own engine and a token of the development server; `query`: added to each URL; `library`: a script, and when it is loaded; `used`: the library whose uses run instead of the behaviours
 */
export async function observe(browser, { isNative = false, isReal = false, token, query = "", library, order, used }) {
    const server = await EchoServer.start();
    library === undefined || server.files.set("/libraries/it.js", library);
    const context = await browser.newContext();
    let login;
    try {
        let page;
        if (isReal) {
            login = await openLoggedIn(context, server);
            ({ page, token } = login);
            server.bound = token;
        } else if (isNative) {
            page = await context.newPage();
            await page.goto(server.origin);
        } else {
            page = await openPage(context, server, { before: order === "before" ? load : undefined });
        }
        if (library !== undefined && order !== "before") {
            await page.evaluate(load);
        }
        const seen = await page.evaluate(
            async ([used, argument]) => {
                if (used !== undefined) {
                    const { namesOf, use } = await import("/behaviours/libraries/uses.js");
                    return JSON.stringify({ names: namesOf(used), pages: await use(used, argument) });
                }
                const { names, run } = await import("/behaviours/index.js");
                return JSON.stringify({ names, pages: await run(argument) });
            },
            [used, { token, far: server.far, query, only: process.env.ONLY ?? "" }]
        );
        const { names, pages } = JSON.parse(anonymous(seen, server, query));
        const taken = JSON.parse(anonymous(JSON.stringify(server.taken()), server, query));
        return Object.fromEntries(
            names.flatMap((name, i) => (name in pages ? [[name, { page: pages[name], servers: IS_RACE.test(name) ? "a race" : inOrder(name, taken[i] ?? []) }]] : []))
        );
    } finally {
        await context.close();
        await login?.stop();
        await server.close();
    }
}

/** Whether a request that is aborted at once reaches the server is not decided by the page. */
const IS_RACE = /aborted (at once|twice|under way)|[Ss]ignal|[Uu]nsubscribed|(fetch|xhr): (timeout|a connection)|^aborted$|connection that is cut|fails: cut|abort\(\) (at once|in the next turn|inside loadstart|under way)|open\(\) again|send\(\) of what/;

/** Several requests at once arrive in any order. */
const inOrder = (name, requests) => (/at once|what the body held/.test(name) ? requests.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)) : requests);

/** Replaces what differs between any two runs. */
function anonymous(text, { origin, far }, query) {
    const ports = { ORIGIN: new URL(origin).port, FAR: new URL(far).port };
    for (const [name, port] of Object.entries(ports)) {
        text = text.replaceAll(new RegExp(`localhost(:|%3A)${port}`, "g"), name);
    }
    return text.replaceAll(/blob:http:\/\/ORIGIN\/[-0-9a-f]+/g, "blob:").replaceAll(query || "\0", "");
}
