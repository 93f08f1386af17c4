/**
 * Logs out a user who does nothing, in any tab of the app, for as long as the server keeps an idle session. Loaded when
 * somebody has been logged in for a while; imports nothing, so that Vite needs no list of what to load with it.
 */
import type { EngineHost } from "../../engine/interface.js";

/** Without activity for this long, the countdown is shown. */
const QUIET_MILLISECONDS = 5_000;
/** Longer lives are taken for endless: a refresh token that does not expire. */
const ENDLESS_SECONDS = 10 * 365 * 24 * 3600;
const EVENTS = ["pointerdown", "pointermove", "keydown", "wheel", "scroll", "touchmove"];

/** `lifetime`: seconds, asked anew each time; `undefined`: not known. A `logOut` that rejects is tried again. */
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
                // Offline, the logout would only lose the page: it comes when there is a network again.
                isOver = navigator.onLine;
                isOver && logOut().catch(() => (isOver = false));
            }
        }
        page.setTimeout(check, 1_000);
    };
    check();
}
