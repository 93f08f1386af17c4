/**
 * What `connect.ts` sends messages with, saved here because it is loaded after scripts of the app,
 * which may have patched these. `members.ts` names the functions there.
 */
import { construct, freeze, membersOf } from "../../page/natives.js";

/** The members of a class as functions of their object. */
type Functions = { readonly [name: string]: any };
type Names = "MessageChannel" | "MessageEvent" | "MessagePort" | "WeakRef" | "Worker";
export type Saved = { readonly [N in Names]: Functions } & { readonly __proto__: null; readonly construct: typeof construct };

export const saved: Saved = freeze({
    __proto__: null,
    construct,
    MessageChannel: membersOf(MessageChannel),
    MessageEvent: membersOf(MessageEvent),
    MessagePort: membersOf(MessagePort),
    WeakRef: membersOf(WeakRef),
    Worker: membersOf(Worker)
});
