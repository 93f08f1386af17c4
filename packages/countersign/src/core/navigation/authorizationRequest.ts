/** The authorization request: what the app adds to it, and where to go with it. */
import type { Context } from "../context.js";
import { natives } from "../natives.js";

export const withParameters = (url: string, parameters: Record<string, string | undefined> | undefined, isSilent: boolean): string => {
    const result = new URL(url);
    for (const [name, value] of Object.entries(parameters ?? {})) {
        if (value !== undefined && !(isSilent && name === "prompt")) {
            result.searchParams.set(name, value);
        }
    }
    return result.href;
};

/** What the app adds to every authorization request of this client. */
export function customised({ params }: Context, url: string, isSilent: boolean): string {
    const { extraQueryParams: extra, transformUrlBeforeRedirect } = params;
    const changed = withParameters(url, typeof extra === "function" ? extra({ isSilent, url }) : extra, isSilent);
    return transformUrlBeforeRedirect?.({ authorizationUrl: changed, isSilent }) ?? changed;
}

/** Where to go for an authorization request that the app may have changed since the engine gave it. */
export const toPushed = ({ engine, client }: Context, asked: string, url: string): Promise<string> => {
    const [before, after] = [new URL(asked).searchParams, new URL(url).searchParams];
    const valuesOf = (parameters: URLSearchParams, name: string) => natives.stringify(parameters.getAll(name));
    const names = [...before.keys(), ...after.keys()];
    return engine.push(client, url, names.filter(name => valuesOf(before, name) !== valuesOf(after, name)));
};

/** An authorization request with `prompt=none`; the engine remembers it until it is answered. */
export async function silentUrl({ engine, client, home }: Context): Promise<string> {
    const request = { redirectUri: home, silent: true, interactive: false, extraQueryParams: {} };
    return (await engine.login(client, request)).url;
}
