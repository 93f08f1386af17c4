/**
 * The implementations of the hooks that early init installed.
 *
 * Code of the page runs between our steps at these places and nowhere else. Each has a test in
 * `test/unit/hostile-fetch.test.mjs` or `hostile-xhr.test.mjs`:
 *
 * - `fetch`: members of `init` (getters, a Proxy), iterators and values of headers, `toString` of
 *   URL and body. All run inside one `new Request`, as the platform reads them. That Request is
 *   what is checked, signed and sent.
 * - Listeners of the app's `AbortSignal`, while we wait: no one else holds our Request.
 * - The accessors of `Request`, if one becomes the `init` of another after a redirect: our saved
 *   ones are called instead.
 * - `open()` and `setRequestHeader()` of XHR: `toString` of their arguments. It is called once,
 *   before anything is remembered.
 * - `readystatechange` inside `open()`: the listener's calls are newer than the `open()` that they
 *   interrupt.
 * - `send()` of XHR: `toString` of the body. It is called once; then the newest `open()` counts.
 * - Events of the first attempt, those that we fire (`loadstart` of XHR and upload inside `send()`,
 *   those of a 401 that is delivered, the end of an upload that was not sent) and those of `abort()`. Opening an instance drops its
 *   headers, and `replace` ends our request.
 * - Events of our own `open()` before a signed `send()`: our listener comes first and stops them.
 *   This holds only for instances of our constructor; requests of others are never signed.
 * - The functions of another realm, on our instance, at any time: the instance does not have the
 *   token (`headerSlot`).
 * - Everything that our code looks up when it runs: functions of arrays, traps of a handler,
 *   members of our own records. So lists are read by index, and handlers and records have no
 *   prototype.
 * - `console.error` and `console.warn`: they are called last.
 * - `then`, which promises look for in the value that they resolve with: our values have no
 *   prototype (`Bare`).
 */
import type { Engine } from "../../engine/interface.js";
import type { Hooks } from "../../entry/hooks.js";
import { fetchSlot } from "./fetch.js";
import { eventSlot, headerSlot, sendSlot } from "./xhr.js";

/**
 * Fills the hooks. From then on, requests that carry a bound token of this engine are sent as DPoP.
 */
export function installInterceptors(engine: Engine, hooks: Hooks): void {
    hooks.fillSlots({ __proto__: null, fetch: fetchSlot(engine), header: headerSlot(engine), send: sendSlot(engine, hooks), event: eventSlot(hooks) });
}
