/**
 * Takes the authorization response out of the URL, on whatever page it arrives, and restores the
 * URL where the user was. In the hidden iframe it hands the response to the page instead. It trusts
 * nothing: the engine checks the response.
 */
import { page } from "../page/natives.js";
import { own } from "../page/own.js";
import { LOGOUT_STATE, readRecord, readResponse, rootRelative } from "./url.js";
import type { State } from "./state.js";

/** The name of the hidden iframe, of the event on it, and of the record in sessionStorage. */
export const NAME = "countersign";

/**
 * Writes what it finds into `state`. Returns `false` if this document only carries a response, so
 * that the app must not run in it.
 */
export function takeResponse(state: State): boolean {
    const found = readResponse(location.href);
    // `null` unless the frame has this very origin.
    const frame = frameElement as HTMLIFrameElement | null;
    if (frame?.name === NAME) {
        frame.dispatchEvent(new CustomEvent(NAME, own({ detail: found?.response })));
        return false;
    }
    const storage = page.sessionStorage;
    const record = readRecord(storage?.getItem(NAME));
    // A foreign link that looks like a response does not affect a login in progress.
    const isAnswer = !!found && found.state === record?.state;
    // The page came back from a silent attempt without an answer: this load does not try again, but
    // the next one does.
    if (isAnswer || (!found && record?.isSilent)) {
        state.record = record;
        storage?.removeItem(NAME);
    }
    if (found) {
        if (isAnswer) {
            state.response = found.response;
        } else if (found.state !== LOGOUT_STATE) {
            state.unclaimed = found.state;
        }
        history.replaceState(history.state, "", (isAnswer && rootRelative(record!.url, page.origin)) || found.rest);
    }
    return true;
}
