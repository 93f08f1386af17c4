/** The sentences of errors. Loaded only when one is needed. */
import { SENTENCES } from "./catalogue.js";
import type { OidcErrorCode } from "./codes.js";
import { OPTIONS, type OptionName } from "./optionWords.js";

/** Formats a value for a sentence; not everything is JSON. */
const show = (value: unknown): string => {
    try {
        return JSON.stringify(value) ?? String(value);
    } catch {
        return String(value);
    }
};

/** Returns the sentence of an error. `details`: texts, except for the value of an option. */
export const sentence = (code: OidcErrorCode, details: readonly unknown[]): string => {
    const [name, value] = details;
    const texts = code === "option_invalid" ? [name, show(value), OPTIONS[name as OptionName]] : details;
    return SENTENCES[code](...(texts as string[]));
};

/** For a bound token in a form that this package does not understand. */
export const UNKNOWN_FORM = "a DPoP-bound token goes out as `Authorization: Bearer <token>` only";

/** For a bound token on an instance that this package did not create. */
export const NOT_OURS =
    "countersign: an XMLHttpRequest of another window, or made before early init, is not sent with a DPoP-bound token; make it in this window, or use fetch.";

/** For an iframe that finds nobody, though the last page load had a session. */
export const NOBODY_IN_IFRAME =
    'countersign: the hidden iframe found no session, though there was one. It has ended, or the browser keeps the authorization server\'s cookies from frames of other sites: then use sessionRestorationMethod "auto" or "full page redirect".';
