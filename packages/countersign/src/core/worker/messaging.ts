/**
 * What `connect.ts` sends messages with, saved here because it is loaded after scripts of the app,
 * which may have patched these.
 */
import { apply, construct, freeze } from "../../page/natives.js";

const { getOwnPropertyDescriptor } = Object;
const member = (owner: { readonly prototype: object }, name: string, kind: "get" | "set" | "value") => {
    const found = getOwnPropertyDescriptor(owner.prototype, name)![kind] as Function;
    return (self: unknown, ...given: unknown[]): any => apply(found, self, given);
};

const Channel = MessageChannel;
const Reference = WeakRef;

export const messaging = freeze({
    __proto__: null as null,
    newChannel: () => construct(Channel, []) as MessageChannel,
    port1: member(MessageChannel, "port1", "get"),
    port2: member(MessageChannel, "port2", "get"),
    post: member(MessagePort, "postMessage", "value"),
    /** Starts the port too. */
    listen: member(MessagePort, "onmessage", "set"),
    close: member(MessagePort, "close", "value"),
    data: member(MessageEvent, "data", "get"),
    postToWorker: member(Worker, "postMessage", "value"),
    /** Throws for everything but a dedicated worker. */
    checkWorker: member(Worker, "onmessage", "get"),
    newReference: (worker: Worker) => construct(Reference, [worker]) as WeakRef<Worker>,
    deref: member(WeakRef, "deref", "value") as (reference: WeakRef<Worker>) => Worker | undefined
});

export type Messaging = typeof messaging;
