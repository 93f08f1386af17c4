/**
 * Logs out a user who is inactive in all tabs of the app for as long as the server keeps an idle
 * session. Loaded some time after a login. It imports nothing, so that Vite needs no list of what
 * to load with it.
 */
import type { EngineHost } from "../../engine/interface.js";

/** The countdown is shown after this long without activity. */
const QUIET_MILLISECONDS = 5_000;
/** Longer lifetimes count as endless: a refresh token that does not expire. */
const ENDLESS_SECONDS = 10 * 365 * 24 * 3600;
const EVENTS = ["pointerdown", "pointermove", "keydown", "wheel", "scroll", "touchmove"];

/**
 * Watches the user's activity. `lifetime`: seconds, read anew each time; `undefined`: not known. If
 * `logOut` rejects, it is tried again.
 */
export function watchActivity(
    page: Pick<EngineHost, "now" | "setTimeout">,
    name: string,
    lifetime: () => number | undefined,
    tick: (secondsLeft: number | undefined) => void,
    logOut: () => Promise<never>
): void {
    let active = page.now();
    let isCounting = false;
    let isOver = false;
    const tabs = new BroadcastChannel(name);
    const onActivity = (isHere: boolean): void => {
        const now = page.now();
        if (isHere && now - active > 1_000) {
            tabs.postMessage(0);
        }
        active = now;
        if (isCounting) {
            isCounting = false;
            tick(undefined);
        }
    };
    tabs.onmessage = () => onActivity(false);
    for (const name of EVENTS) {
        addEventListener(name, () => onActivity(true), { __proto__: null, capture: true, passive: true } as AddEventListenerOptions);
    }
    const check = (): void => {
        const quiet = page.now() - active;
        const seconds = lifetime();
        if (quiet >= QUIET_MILLISECONDS && seconds !== undefined && seconds < ENDLESS_SECONDS && !isOver) {
            isCounting = true;
            const left = Math.max(0, Math.ceil(seconds - quiet / 1000));
            tick(left);
            if (left === 0) {
                // Offline, a logout would only lose the page: it waits for the network.
                isOver = navigator.onLine;
                isOver && logOut().catch(() => (isOver = false));
            }
        }
        page.setTimeout(check, 1_000);
    };
    check();
}
