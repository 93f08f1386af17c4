/** The words of errors. Loaded only when there is one to say. */
import { SENTENCES } from "./catalogue.js";
import type { OidcErrorCode } from "./codes.js";
import { OPTIONS, type OptionName } from "./optionWords.js";

/** A value as it is named in a sentence; not everything is JSON. */
const show = (value: unknown): string => {
    try {
        return JSON.stringify(value) ?? String(value);
    } catch {
        return String(value);
    }
};

/** `details`: texts, but for the value of an option. */
export const sentence = (code: OidcErrorCode, details: readonly unknown[]): string => {
    const [name, value] = details;
    const texts = code === "option_invalid" ? [name, show(value), OPTIONS[name as OptionName]] : details;
    return SENTENCES[code](...(texts as string[]));
};

/** A bound token in another form than the one that we understand. */
export const UNKNOWN_FORM = "a DPoP-bound token goes out as `Authorization: Bearer <token>` only";

/** A bound token on an instance that is not ours. */
export const NOT_OURS =
    "countersign: an XMLHttpRequest of another window, or made before early init, is not sent with a DPoP-bound token; make it in this window, or use fetch.";
