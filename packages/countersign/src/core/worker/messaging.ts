/**
 * What `connect.ts` sends messages with, saved here because it is loaded after scripts of the app,
 * which may have patched these. `members.ts` makes functions of it there.
 */
import { apply, construct, freeze } from "../../page/natives.js";

const descriptors = (owner: { readonly prototype: object }) => Object.getOwnPropertyDescriptors(owner.prototype) as { readonly [name: string]: PropertyDescriptor };

export const saved = freeze({
    __proto__: null as null,
    apply,
    construct,
    Channel: MessageChannel,
    Reference: WeakRef,
    ofChannel: descriptors(MessageChannel),
    ofEvent: descriptors(MessageEvent),
    ofPort: descriptors(MessagePort),
    ofReference: descriptors(WeakRef),
    ofWorker: descriptors(Worker)
});

export type Saved = typeof saved;
