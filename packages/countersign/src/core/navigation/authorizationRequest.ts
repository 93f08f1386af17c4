/** The authorization request: what the app adds to it, and its URL. */
import type { Bare } from "../../engine/interface.js";
import { INTERACTIVE, type Visit } from "../../engine/numbers.js";
import { readParameters, type AppParameters, type Context } from "../context.js";
import { askApp } from "../errors/failure.js";
import { natives } from "../natives.js";
import { safe } from "../../page/safe.js";

export interface Prepared extends Bare {
    /** The parameters from the engine. */
    readonly original: URLSearchParams;
    /** The request, with the app's changes. */
    readonly url: URL;
}

/** Adds parameters; those of the same name are replaced. */
export function addParameters({ searchParams }: URL, parameters: AppParameters, isSilent: boolean): void {
    for (const [name, value] of Object.entries(parameters)) {
        if (value !== undefined && !(isSilent && name === "prompt")) {
            searchParams.set(name, value);
        }
    }
}

/** Returns what the app makes of the URL of a request. */
export const transformed = (url: URL, transform: ((url: string) => string) | null | undefined): URL =>
    transform ? askApp("transformUrlBeforeRedirect", () => new URL(transform(url.href))) : url;

/**
 * Prepares an authorization request and adds what the app adds to every one of this client. `more`:
 * added before that.
 */
export async function prepare({ engine, client, home, params }: Context, visit: Visit, more: AppParameters = {}): Promise<Prepared> {
    const request = await safe(engine.prepare(client, home, visit));
    const url = new URL(request[0]!);
    for (let i = 1; i < request.length; i += 2) {
        url.searchParams.append(request[i]!, request[i + 1]!);
    }
    const original = new URLSearchParams(url.search);
    const isSilent = visit !== INTERACTIVE;
    const { extraQueryParams: extra, transformUrlBeforeRedirect: transform } = params;
    addParameters(url, more, isSilent);
    addParameters(url, readParameters("extraQueryParams", extra, { isSilent, url: url.href }), isSilent);
    return { __proto__: null, original, url: transformed(url, transform && (authorizationUrl => transform({ authorizationUrl, isSilent }))) };
}

/** Returns the URL of an authorization request, which is pushed if the server requires that. */
export async function toPushed({ engine, client }: Context, original: URLSearchParams, { href, searchParams }: URL): Promise<string> {
    const valuesOf = (parameters: URLSearchParams, name: string) => natives.stringify(parameters.getAll(name));
    const names = [...original.keys(), ...searchParams.keys()];
    const changed = names.filter(name => valuesOf(original, name) !== valuesOf(searchParams, name));
    return (await safe(engine.push(client, href, original.has("dpop_jkt"), changed))) ?? href;
}
