/** Functions of what `messaging.ts` has saved. */
import type { Saved } from "./messaging.js";

export const membersOf = ({ apply, construct, Channel, Reference, ofChannel, ofEvent, ofPort, ofReference, ofWorker }: Saved) => {
    /** Each descriptor has these members itself. */
    const member = (descriptor: PropertyDescriptor | undefined, kind: "get" | "set" | "value") => {
        const found = descriptor![kind] as Function;
        return (self: unknown, ...given: unknown[]): any => apply(found, self, given);
    };
    return {
        newChannel: () => construct(Channel, []) as MessageChannel,
        port1: member(ofChannel["port1"], "get"),
        port2: member(ofChannel["port2"], "get"),
        post: member(ofPort["postMessage"], "value"),
        /** Starts the port too. */
        listen: member(ofPort["onmessage"], "set"),
        close: member(ofPort["close"], "value"),
        data: member(ofEvent["data"], "get"),
        postToWorker: member(ofWorker["postMessage"], "value"),
        /** Throws for everything but a dedicated worker. */
        checkWorker: member(ofWorker["onmessage"], "get"),
        newReference: (worker: Worker) => construct(Reference, [worker]) as WeakRef<Worker>,
        deref: member(ofReference["deref"], "value") as (reference: WeakRef<Worker>) => Worker | undefined
    };
};

export type Members = ReturnType<typeof membersOf>;
