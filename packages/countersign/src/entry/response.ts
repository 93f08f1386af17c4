/**
 * Takes the authorization response out of the URL, on whatever page it arrives, and puts the page back to where the
 * user was. In the hidden iframe it hands the response to the page instead. Believes nothing: that is the engine's part.
 */
import { natives } from "./natives.js";
import { readRecord, readResponse, rootRelative } from "./url.js";
import { state } from "./state.js";

/** Name of the hidden iframe, of the event on it, and of the record in sessionStorage. */
export const NAME = "countersign";

/** `false`: this document only was the way of a response, the app is not to run in it. */
export function takeResponse(): boolean {
    const found = readResponse(location.href);
    // `null` unless the frame is of this very origin.
    const frame = window.frameElement as HTMLIFrameElement | null;
    if (frame?.name === NAME) {
        frame.dispatchEvent(new CustomEvent(NAME, { detail: found?.response }));
        return false;
    }
    const storage = natives.sessionStorage;
    const record = readRecord(storage?.getItem(NAME));
    state.record = record;
    if (found) {
        let url;
        if (record?.state === found.response["state"]) {
            state.response = found.response;
            url = rootRelative(record!.url, natives.origin);
        }
        history.replaceState(history.state, "", url ?? found.rest);
    }
    storage?.removeItem(NAME);
    return true;
}
