/** The sentences of errors. Loaded only when one is needed. */
import { SENTENCES } from "./catalogue.js";
import type { OidcErrorCode } from "./codes.js";
import { OPTIONS, type OptionName } from "./optionWords.js";

/** Formats a value for a sentence; not everything is JSON, which has no NaN either. */
const show = (value: unknown): string => {
    try {
        return typeof value === "number" ? `${value}` : (JSON.stringify(value) ?? String(value));
    } catch {
        return String(value);
    }
};

/** What an option must be. The required ones often come from the environment of a build. */
const toWords = (name: unknown, value: unknown): string =>
    OPTIONS[name as OptionName] +
    (/^(?:issuerUri|clientId)$/.test(name as string) && !value ? " (is an environment variable missing?)" : "");

/** Returns the sentence of an error. `details`: texts, except for the value of an option. */
export const sentence = (code: OidcErrorCode, details: readonly unknown[]): string => {
    const [name, value] = details;
    const texts = code === "option_invalid" ? [name, show(value), name && toWords(name, value)] : details;
    return SENTENCES[code](...(texts as string[]));
};

/** For a bound token in a form that this package does not understand. */
export const UNKNOWN_FORM = "a DPoP-bound token goes out as `Authorization: Bearer <token>` only";

/** The origins that a sentence was about: one for each is enough. */
const told = new Set<string>();

/**
 * For a 401 that the app gets: `end` is where redirects led; without it, the challenge cannot be
 * read. `undefined`: it was said before.
 */
export const refused = (url: string, end: string | undefined): string | undefined => {
    if (end) {
        return `countersign: the call to ${url} was redirected to ${end}, which refused it with 401: the proof names the first URL, and it is not known whether the call may be sent again, because a page cannot see a redirect's status; call ${end} directly.`;
    }
    const { origin } = new URL(url);
    // A response of the page's own origin hides nothing.
    return origin === location.origin || told.has(origin)
        ? undefined
        : told.add(origin) &&
              `countersign: ${origin} answered with 401, and its reason cannot be read; let the API expose DPoP-Nonce, WWW-Authenticate and Date by the header Access-Control-Expose-Headers.`;
};

/** For a bound token on an instance that this package did not create. */
export const NOT_OURS =
    "countersign: an XMLHttpRequest of another window, or made before early init, is not sent with a DPoP-bound token; make it in this window, or use fetch.";

/** For an iframe that finds nobody, though the last page load had a session. */
export const NOBODY_IN_IFRAME =
    'countersign: the hidden iframe found no session, though there was one. It has ended, or the browser keeps the authorization server\'s cookies from frames of other sites: then use sessionRestorationMethod "auto" or "full page redirect".';
