/**
 * Chooses how a session is looked for without asking the user: in a hidden iframe, or by a redirect
 * of the page. `auto` tries the iframe, and remembers for each issuer what worked. That is only a
 * preference: it is kept in localStorage, where it may be lost or forged.
 */
import type { Context } from "../context.js";
import { readHint, writeHint } from "../memory.js";
import { natives } from "../natives.js";
import { withoutSlash, type Settings } from "../params.js";
import { areRelated } from "./site.js";

/** Then the iframe gets another chance: what kept it from answering may have passed. */
const REDIRECT_MILLISECONDS = 24 * 3600_000;

/** The name of what is remembered: "iframe", or the time when the iframe failed. */
const nameOf = ({ params }: Settings): string => `countersign way ${withoutSlash(params.issuerUri)}`;

/**
 * Tells whether the iframe is tried. In a cross-origin isolated page, the browser frames no page of
 * another origin that has not agreed to it (COEP), and no authorization server has.
 */
export const triesIframe = (settings: Settings): boolean =>
    settings.method === "iframe" ||
    (settings.method === "auto" &&
        !window.crossOriginIsolated &&
        !(Math.abs(natives.now() - Number(readHint(nameOf(settings)))) < REDIRECT_MILLISECONDS));

/** Remembers that the iframe has found the session. */
export const noteIframe = (settings: Settings): void => writeHint(nameOf(settings), "iframe");

/** Remembers that the iframe has failed. */
export const noteRedirect = (settings: Settings): void => writeHint(nameOf(settings), `${natives.now()}`);

/**
 * Tells whether the session is over if the iframe finds nobody. Otherwise the browser may have kept
 * the server's cookies from it.
 */
export const trustsIframe = (context: Context, endpoint: string): boolean =>
    context.method === "iframe" || readHint(nameOf(context)) === "iframe" || areRelated(new URL(endpoint), location);
