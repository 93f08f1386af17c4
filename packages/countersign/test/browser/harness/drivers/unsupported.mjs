/**
 * What a driver can't do. A test that needs it imports `test` from `harness/test.mjs`, which skips
 * it.
 */

/** Thrown by a driver: the browser, or the protocol that drives it, can't do this. */
export class Unsupported extends Error {
    name = "Unsupported";
}
