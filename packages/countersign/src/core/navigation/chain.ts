/**
 * Several clients of a page that are restored, or log in, by redirects of the page. Tokens do not
 * survive a redirect, so each client goes for its response first, and the responses that are there
 * already go along, not yet redeemed: codes, which are of no use without key and PKCE verifier. When
 * nobody leaves any more, all are redeemed.
 */
import type { Answer, State } from "../../entry/state.js";
import { own } from "../../page/own.js";
import { readHint } from "../memory.js";
import { natives } from "../natives.js";
import { isBeingLeft } from "./leave.js";
import type { Settings } from "../params.js";
import { safe } from "../../page/safe.js";

/** A client that has not decided by then whether it leaves the page keeps no other waiting. */
const PATIENCE_MILLISECONDS = 5_000;
/**
 * The most redirects in a row that nobody asked for. Clients that are created one after the other
 * need more of them: 3 for two, 7 for three.
 */
const MOST_HOPS = 15;

/** Returns the responses that the page has: those that went along, and the one in its URL. */
export const answersOf = (state: State): Answer[] => {
    if (!state.answers) {
        const { record, response } = state;
        // Any script of the origin may have written them; the engine tells which are true.
        const held = natives.isArray(record?.held) ? record.held : [];
        state.answers = held.map(answer => own(answer)).filter(({ record, response }) => record && natives.isArray(response));
        if (record && response) {
            const from = document.referrer && new URL(document.referrer).origin;
            state.answers.push(own<Answer>({ record: { ...record, held: undefined }, response, from }));
        }
    }
    return state.answers;
};

const indexOf = (state: State, key: string): number => answersOf(state).findIndex(({ record }) => own(record).client === key);

/**
 * Takes the response to the client's request, if there is one, as soon as no other client may leave
 * the page: until then it would go along.
 */
export const takeAnswer = async (state: State, key: string): Promise<Answer | undefined> => {
    if (indexOf(state, key) < 0) {
        return undefined;
    }
    const others = Promise.all(state.undecided!.values());
    if (state.undecided!.size) {
        await safe(Promise.race([others, new Promise<void>(resolve => natives.setTimeout(resolve, PATIENCE_MILLISECONDS))]));
    }
    if (isBeingLeft()) {
        await safe(others);
    }
    return answersOf(state).splice(indexOf(state, key), 1)[0];
};

/** The number of a further redirect that nobody asked for; `undefined` if there were too many. */
export const nextHop = ({ record }: State): number | undefined => {
    const hop = Number(record?.hop ?? 0) + 1;
    return hop > MOST_HOPS ? undefined : hop;
};

/**
 * Announces a client that may leave the page at its load. Call what is returned once it is known
 * that it does not.
 */
export const announce = (state: State, { key, method, params }: Settings): (() => void) => {
    const undecided = (state.undecided ??= new Map());
    if (
        method !== "iframe" &&
        (params.autoLogin || readHint(key) === "in") &&
        indexOf(state, key) < 0
    ) {
        let decide!: () => void;
        undecided.set(key, new Promise(resolve => (decide = resolve)));
        return () => {
            undecided.delete(key);
            decide();
        };
    }
    return () => {};
};
