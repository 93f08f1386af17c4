/**
 * Keeps what our promises hold from scripts that have changed `Promise.prototype`: an `await` reads
 * the promise's `constructor`, and a getter there would get proofs before they are sent, and could
 * put in responses of the authorization server. Redefining `constructor` itself would end V8's fast
 * path for all promises of the page.
 *
 * Evaluated before any script of the app, like `natives.ts`; without effect on a server.
 */
const { getPrototypeOf, setPrototypeOf } = Reflect;
/** The language's own, whoever has replaced the global. */
const prototype = getPrototypeOf((async () => {})()) as Promise<unknown>;
const ours = Object.freeze({ __proto__: prototype, constructor: prototype.constructor, then: prototype.then });

/**
 * Takes a promise that is awaited at once and that nobody else gets. Each `await` of this package is
 * of one (`test/unit/layout.test.mjs`). A promise of another class stays as it is.
 */
export const safe = <T extends Promise<unknown> | undefined>(promise: T): T => {
    promise && getPrototypeOf(promise) === prototype && setPrototypeOf(promise, ours);
    return promise;
};

/** For modules that are given it: an import would make the core's file list what they need. */
export type Safe = typeof safe;
