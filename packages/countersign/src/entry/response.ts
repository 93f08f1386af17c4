/**
 * Takes the authorization response out of the URL, on whatever page it arrives, and puts the page back to where the
 * user was. In the hidden iframe it hands the response to the page instead. Believes nothing: that is the engine's part.
 */
import { page } from "../page/natives.js";
import { own } from "../page/own.js";
import { LOGOUT_STATE, readRecord, readResponse, rootRelative } from "./url.js";
import type { State } from "./state.js";

/** Name of the hidden iframe, of the event on it, and of the record in sessionStorage. */
export const NAME = "countersign";

/** Writes what it finds into `state`. `false`: this document only was the way of a response, the app is not to run in it. */
export function takeResponse(state: State): boolean {
    const found = readResponse(location.href);
    // `null` unless the frame is of this very origin.
    const frame = window.frameElement as HTMLIFrameElement | null;
    if (frame?.name === NAME) {
        frame.dispatchEvent(new CustomEvent(NAME, own({ detail: found?.response })));
        return false;
    }
    const storage = page.sessionStorage;
    const record = readRecord(storage?.getItem(NAME));
    // A foreign link that looks like a response leaves a login under way alone.
    const isAnswer = !!found && found.state === record?.state;
    // A silent attempt that the page comes back from without an answer: not made again by this load, but by the next.
    if (isAnswer || (!found && record?.isSilent)) {
        state.record = record;
        storage?.removeItem(NAME);
    }
    if (found) {
        const { response, rest } = found;
        if (isAnswer) {
            state.response = response;
        } else if (found.state !== LOGOUT_STATE) {
            state.unclaimed = found.state;
        }
        history.replaceState(history.state, "", (isAnswer && rootRelative(record!.url, page.origin)) || rest);
    }
    return true;
}
