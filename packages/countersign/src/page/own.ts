/**
 * Reads what we are given: own members only, in an object without prototype. A script, or a
 * careless parser of the app's query, that has put a member on `Object.prototype` thus gives us no
 * option.
 *
 * Option bags and descriptors that we pass to the platform go through it too, because the platform
 * reads more members than they have. A literal of ours that has every member that is read needs no
 * copy.
 */
export const own = <T extends object>(given: T | null | undefined): T => ({ __proto__: null, ...given }) as object as T;
