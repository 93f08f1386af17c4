/**
 * The bodies of the hooks that early init put in place.
 *
 * Code of the page runs between our steps at these places, and nowhere else; each has a test in
 * `test/unit/hostile-fetch.test.mjs` or `hostile-xhr.test.mjs`:
 *
 * - `fetch`: members of `init` (getters, a Proxy), iterators and values of headers, the URL's and the body's `toString`.
 *   All run inside one `new Request`, as the platform reads them, and what is checked, signed and sent is that Request.
 * - Listeners of the app's `AbortSignal`, while we wait: nobody else holds our Request.
 * - The accessors of `Request`, where one becomes the `init` of another after a redirect: ours are asked instead.
 * - `open()` and `setRequestHeader()` of XHR: `toString` of their arguments. Asked once, before anything is remembered.
 * - `readystatechange` inside `open()`: what the listener does is newer than the `open()` it interrupts.
 * - `send()` of XHR: `toString` of the body. Asked once; then the newest `open()` counts.
 * - Events of the first attempt (`loadstart` of XHR and upload inside the native `send()`, progress, the end) and those
 *   of `abort()`. Opening an instance drops its headers, and by `replace` ends ours.
 * - Those of our own `open()` before a signed `send()`: our listener comes first and stops the event. That holds for
 *   instances of our constructor alone; others are never signed for.
 * - The functions of another realm, on our instance, at any time: it has not been told of the token (`headerSlot`).
 * - What we would look up when we are called: functions of arrays, traps of a handler, members of our own records. Lists are
 *   read by index, handlers and records have no prototype.
 * - `console.error`: called last.
 * - `then`, which promises look for in what they resolve with: what is ours has no prototype (`Bare`).
 */
import type { Engine } from "../../engine/interface.js";
import type { Hooks } from "../../entry/hooks.js";
import { fetchSlot } from "./fetch.js";
import { eventSlot, headerSlot, sendSlot } from "./xhr.js";

/** From here on, requests that carry a bound token of this engine go out as DPoP. */
export function installInterceptors(engine: Engine, { fillSlots, openedRequest }: Hooks): void {
    fillSlots(fetchSlot(engine), headerSlot(engine), sendSlot(engine, openedRequest), eventSlot);
}
