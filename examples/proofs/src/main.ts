/** Logs in with the library that a button names, then calls the API in each way. */
import { readEvents } from "./events";
import * as withOauth4webapi from "./oauth4webapi";
import * as withOidcClientTs from "./oidcClientTs";
import { api, type Session } from "./settings";
import { openSocket } from "./socket";

const LIBRARY = "library";
const libraries = { oauth4webapi: withOauth4webapi, "oidc-client-ts": withOidcClientTs };
type Library = keyof typeof libraries;

const log = (text: string) => document.querySelector("#log")!.append(`${text}\n`);

for (const button of document.querySelectorAll("button")) {
    button.addEventListener("click", () => {
        sessionStorage.setItem(LIBRARY, button.value);
        void libraries[button.value as Library].leave();
    });
}

async function use({ accessToken, dpop }: Session): Promise<void> {
    const call = (url: string, init: RequestInit = {}) =>
        dpop.fetch(url, { ...init, headers: { ...init.headers, Authorization: `Bearer ${accessToken}` } });

    const me = (await (await call(`${api}/api/me`)).json()) as { sub: string; jkt: string };
    log(`I am ${me.sub}, with the key ${me.jkt === dpop.jkt ? "of this page" : "of another"}`);

    // By hand, for a library that sends requests itself.
    const note = { method: "POST", url: `${api}/api/notes` };
    const send = async () => {
        const headers = { Authorization: `DPoP ${accessToken}`, DPoP: await dpop.proof({ ...note, accessToken }), "Content-Type": "application/json" };
        return fetch(note.url, { method: note.method, headers, body: JSON.stringify({ text: "a note" }) });
    };
    let written = await send();
    if (await dpop.observe(written)) {
        written = await send();
    }
    log(`written: ${written.status}`);

    const stop = new AbortController();
    let count = 0;
    const events = readEvents(
        lastEventId => call(`${api}/api/events?after=${lastEventId || 0}`, { signal: stop.signal }),
        ({ data }) => {
            log(`event: ${data}`);
            // Each is met on another connection.
            if (++count >= 2) {
                stop.abort();
            } else {
                void call(`${api}/api/notes`, { ...note, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text: "another" }) });
            }
        },
        stop.signal
    );

    const socket = await openSocket(api, call);
    socket.addEventListener("message", ({ data }) => log(`socket: ${data}`));
    await events;
    log("done");
}

if (new URLSearchParams(location.search).has("code")) {
    const library = sessionStorage.getItem(LIBRARY) as Library;
    libraries[library]
        .complete()
        .then(session => {
            history.replaceState(null, "", "/");
            return use(session);
        })
        .catch((error: unknown) => log(`${error}`));
}
