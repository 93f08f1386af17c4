/**
 * Logs out a user who is inactive in all tabs of the app for as long as the server keeps an idle
 * session. Loaded some time after a login. It imports nothing of the core, so that bundlers take
 * nothing out of the core's one file, and list nothing there that must be loaded with it.
 */
import type { EngineHost } from "../../engine/interface.js";
import type { Safe } from "../../page/safe.js";

/** The countdown is shown after this long without activity. */
const QUIET_MILLISECONDS = 5_000;
/** How long after a failed question for the time the next one comes. */
const RETRY_MILLISECONDS = 30_000;
/** Longer lifetimes count as endless: a refresh token that does not expire. */
const ENDLESS_SECONDS = 10 * 365 * 24 * 3600;
const EVENTS = ["pointerdown", "pointermove", "keydown", "wheel", "scroll", "touchmove"];

/**
 * Watches the user's activity. `page.now` is the server's time as the engine knows it. `lifetime`:
 * seconds, read anew each time; `undefined`: not known. `settle`: lets the engine ask the server for
 * the time. If `logOut` rejects, it is tried again.
 */
export function watchActivity(
    page: Pick<EngineHost, "now" | "monotonic" | "setTimeout"> & { readonly safe: Safe },
    name: string,
    lifetime: () => number | undefined,
    tick: (secondsLeft: number | undefined) => void,
    settle: () => Promise<unknown>,
    logOut: () => Promise<never>
): void {
    const { safe } = page;
    let active: number;
    let activeMonotonic: number;
    let isCounting = false;
    let isEnding = false;
    const note = (): void => {
        active = page.now();
        activeMonotonic = page.monotonic();
    };
    note();
    const stopCounting = (): void => {
        if (isCounting) {
            isCounting = false;
            tick(undefined);
        }
    };
    const pause = (milliseconds: number): Promise<void> => new Promise(resolve => page.setTimeout(resolve, milliseconds));
    /** Returns the seconds that are left after this time without activity. */
    const left = (quiet: number): number => {
        const seconds = lifetime();
        return seconds !== undefined && seconds < ENDLESS_SECONDS ? Math.max(0, Math.ceil(seconds - quiet / 1000)) : Infinity;
    };
    const tabs = new BroadcastChannel(name);
    const onActivity = (isHere: boolean): void => {
        if (isHere && page.monotonic() - activeMonotonic > 1_000) {
            tabs.postMessage(0);
        }
        note();
        stopCounting();
    };
    tabs.onmessage = () => onActivity(false);
    for (const name of EVENTS) {
        addEventListener(name, () => onActivity(true), { __proto__: null, capture: true, passive: true } as AddEventListenerOptions);
    }
    const end = async (): Promise<void> => {
        // What other tabs have said while this one was frozen arrives in the meantime.
        await safe(pause(1_000));
        if (left(page.monotonic() - activeMonotonic) > 0) {
            // Only the clock says that the time is over: the machine has slept, or the clock was
            // set. The engine tells them apart when it asks the server.
            try {
                await safe(settle());
            } catch {
                return pause(RETRY_MILLISECONDS);
            }
        }
        if (left(page.now() - active) === 0) {
            isCounting = true;
            tick(0);
            await safe(logOut());
        }
    };
    const check = (): void => {
        const quiet = page.now() - active;
        const seconds = left(quiet);
        if (isEnding) {
            // Nothing to say until it is known.
        } else if (quiet < QUIET_MILLISECONDS || seconds === Infinity) {
            stopCounting();
        } else if (seconds > 0) {
            isCounting = true;
            tick(seconds);
        } else if (navigator.onLine) {
            // Offline, a logout would only lose the page: it waits for the network.
            isEnding = true;
            const goOn = () => void (isEnding = false);
            end().then(goOn, goOn);
        }
        page.setTimeout(check, 1_000);
    };
    check();
}
