/**
 * What we are given is read by this: own members only, in an object without prototype. A script, or a careless parser of
 * the app's query, that has put a member on `Object.prototype` has given us no option by that.
 *
 * Option bags and descriptors that we give to the platform go through it, too: of those it reads more members than are
 * there. A literal of ours that holds every member which is read of it needs no copy.
 */
export const own = <T extends object>(given: T | null | undefined): T => ({ __proto__: null, ...given }) as object as T;
