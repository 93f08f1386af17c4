/** Everything that takes the browser away from the page, or opens the hidden iframe. */
import type { Bare, ClientHandle, Engine } from "../../engine/interface.js";
import { natives } from "../natives.js";
import { own } from "../../page/own.js";
import { NAME } from "../../entry/response.js";
import type { AuthorizationResponse, RedirectRecord } from "../../entry/state.js";
import { rootRelative } from "../../entry/url.js";
import { failure, toFailure } from "../errors/failure.js";
import { readHint, writeTab } from "../memory.js";
import type { Settings } from "../params.js";

const IFRAME_PATIENCE_MILLISECONDS = 10_000;

export const never = (): Promise<never> => new Promise(() => {});

export const reload = (): void => location.reload();

/** What is done when the back button brings the page back as it was left; `undefined`: it is not being left. */
let comeBack: (() => void) | undefined;
let waiting: (() => void)[] = [];

/** A page is left by whoever asks first. Others wait, and go on where it has stayed. */
export async function takeLeave(onReturn: () => void): Promise<void> {
    while (comeBack) {
        await new Promise<void>(resolve => waiting.push(resolve));
    }
    comeBack = onReturn;
}

function stay(): void {
    comeBack = undefined;
    waiting.forEach(goOn => goOn());
    waiting = [];
}

addEventListener("pageshow", ({ persisted }) => {
    const onReturn = persisted && comeBack;
    if (onReturn && waiting[0]) {
        // Woken, who waits would send the user off again at once.
        reload();
    } else if (onReturn) {
        stay();
        onReturn();
    }
});

/** Which client of which engine, and how it was set up. */
export interface Context extends Settings, Bare {
    engine: Engine;
    client: ClientHandle;
}

export interface Leaving {
    redirectUrl?: string | undefined;
    extraQueryParams?: Record<string, string | undefined> | undefined;
    transformUrlBeforeRedirect?: ((url: string) => string) | undefined;
    /** `prompt=none` */
    isSilent?: boolean;
    /** The page is not to be come back to. */
    isReplaced?: boolean | undefined;
    /** What the page is left for is waited for in it: without that it starts anew. */
    isAwaited?: boolean;
}

const withParameters = (url: string, parameters: Record<string, string | undefined> | undefined, isSilent: boolean): string => {
    const result = new URL(url);
    for (const [name, value] of Object.entries(parameters ?? {})) {
        if (value !== undefined && !(isSilent && name === "prompt")) {
            result.searchParams.set(name, value);
        }
    }
    return result.href;
};

/** Where to go for an authorization request that the app may have changed since the engine gave it. */
const toPushed = ({ engine, client }: Context, asked: string, url: string): Promise<string> => {
    const [before, after] = [new URL(asked).searchParams, new URL(url).searchParams];
    const valuesOf = (parameters: URLSearchParams, name: string) => natives.stringify(parameters.getAll(name));
    const names = [...before.keys(), ...after.keys()];
    return engine.push(client, url, names.filter(name => valuesOf(before, name) !== valuesOf(after, name)));
};

/** What the app adds to every authorization request of this client. */
function customised({ params }: Context, url: string, isSilent: boolean): string {
    const { extraQueryParams: extra, transformUrlBeforeRedirect } = params;
    const changed = withParameters(url, typeof extra === "function" ? extra({ isSilent, url }) : extra, isSilent);
    return transformUrlBeforeRedirect?.({ authorizationUrl: changed, isSilent }) ?? changed;
}

/** `false`: nothing can be kept, so the page stays. */
export function goTo(url: string, record: RedirectRecord, isReplaced = false): boolean {
    const isKept = writeTab(NAME, natives.stringify(record));
    if (isKept) {
        isReplaced ? location.replace(url) : location.assign(url);
    }
    return isKept;
}

/** Leaves the page for the authorization endpoint. Returns only where a silent attempt cannot be made. */
export async function leaveForLogin(context: Context, how: Leaving): Promise<undefined> {
    const { engine, client, home, key, params, log } = context;
    const { isSilent = false, isReplaced = false, isAwaited, redirectUrl, extraQueryParams: extra, transformUrlBeforeRedirect } = own(how);
    await takeLeave(isSilent || isAwaited ? reload : () => isReplaced && history.back());
    try {
        const target = redirectUrl ?? params.postLoginRedirectUrl ?? location.href;
        const url = await inApp(target, home);
        if (document.visibilityState === "hidden" && isSilent) {
            await new Promise(resolve => document.addEventListener("visibilitychange", resolve, own({ once: true })));
        }
        const { url: plain, state } = await engine.login(client, {
            redirectUri: home,
            silent: false,
            interactive: !isSilent,
            // Where there is no end-session endpoint, the server would log the same user in again unasked.
            extraQueryParams: !isSilent && readHint(key) === "out" ? { prompt: "login" } : {}
        });
        const before = customised(context, plain, isSilent);
        const added = withParameters(before, extra, isSilent);
        const after = transformUrlBeforeRedirect?.(added) ?? added;
        const known = new URL(before).searchParams;
        const extraQueryParams = Object.fromEntries(
            [...new URL(after).searchParams].filter(([name, value]) => known.get(name) !== value)
        );
        log(`going to ${new URL(after).origin}`, isSilent ? "to ask for a session" : "to log in", `, redirect URI ${home}`);
        if (goTo(await toPushed(context, plain, after), { state, url, client: key, isSilent, extraQueryParams }, isReplaced)) {
            return await never();
        }
        if (!isSilent) {
            // The response would find no record, and log nobody in.
            throw await failure("storage_refused");
        }
    } catch (error) {
        stay();
        throw await toFailure(error);
    }
    stay();
    return undefined;
}

/** Root-relative; rejects where the app is not responsible for it. */
export async function inApp(target: string, home: string): Promise<string> {
    const url = rootRelative(target, natives.origin);
    if (!url || !new URL(url, natives.origin).href.replace(/[?#].*|$/, "/").startsWith(home)) {
        throw await failure("redirect_url_invalid", target, home);
    }
    return url;
}

/** Of the iframe. */
interface Answer extends Bare {
    readonly response: AuthorizationResponse;
}

/** `prompt=none` in a hidden iframe. `undefined`: no answer in time. */
export async function askInIframe(context: Context, url: string): Promise<Answer | undefined> {
    const src = await toPushed(context, url, customised(context, url, true));
    const frame = document.createElement("iframe");
    frame.name = NAME;
    frame.style.display = "none";
    try {
        return await new Promise(resolve => {
            frame.addEventListener(NAME, event => {
                // A document without a response has none to give.
                const { detail } = event as CustomEvent<AuthorizationResponse | null>;
                resolve(detail ? { __proto__: null, response: detail } : undefined);
            });
            natives.setTimeout(() => resolve(undefined), IFRAME_PATIENCE_MILLISECONDS);
            frame.src = src;
            document.documentElement.append(frame);
        });
    } finally {
        frame.remove();
    }
}
