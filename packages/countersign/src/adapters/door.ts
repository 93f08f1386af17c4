/** The way from an adapter to `createOidc`. */
import { own } from "../page/own.js";

/** What an adapter needs of `countersign/core`. */
type Core = Pick<typeof import("../core.js"), "createOidc" | "OidcInitializationError">;

/** Whether this is Node, or jsdom or its like: a document in Node, in which early init was not called. */
const isTest = (): boolean => {
    const isNode = Object.hasOwn(globalThis, "process") && !!own((globalThis as { process?: { versions?: { node?: string } } }).process?.versions).node;
    return isNode && !(typeof window === "object" && Symbol.for("countersign") in window);
};

/**
 * Loads `countersign/core`, once a client is needed: a page that is mocked never does. Where there is
 * no page, its `createOidc` rejects with `not_in_browser`.
 */
export const loadCore = (): Promise<Core> => (isTest() ? import("../ssr.js") : import("../core.js"));
