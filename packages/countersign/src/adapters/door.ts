/** The way from an adapter to `createOidc`. */

/** What an adapter needs of `countersign/core`. */
type Core = Pick<typeof import("../core.js"), "createOidc" | "OidcInitializationError">;

/** Whether this is jsdom or its like: a document in Node, in which early init was not called. */
const isTest = (): boolean => {
    const { process } = globalThis as { process?: { versions?: { node?: string } } };
    return !!process?.versions?.node && !(Symbol.for("countersign") in window);
};

/**
 * Loads `countersign/core`, once a client is needed: a page that is mocked never does. Call it only
 * where there is a document.
 */
export const loadCore = (): Promise<Core> => (isTest() ? import("../ssr.js") : import("../core.js"));
