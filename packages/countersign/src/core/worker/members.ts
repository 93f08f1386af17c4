/** Names the functions of `page/natives.ts` that send messages. */
import type { saved } from "../../page/natives.js";

export type Saved = typeof saved;

export const membersOf = ({ EventTarget, MessageChannel, MessageEvent, MessagePort, WeakRef, Worker }: Saved) => ({
    newChannel: () => new MessageChannel.constructor(),
    port1: MessageChannel.port1,
    port2: MessageChannel.port2,
    post: MessagePort.postMessage as (port: MessagePort, message: unknown) => void,
    listen: (port: MessagePort, listener: (event: MessageEvent<unknown>) => void): void => {
        (EventTarget.addEventListener as Function)(port, "message", listener);
        MessagePort.start(port);
    },
    close: MessagePort.close,
    data: MessageEvent.data as (event: MessageEvent<unknown>) => unknown,
    postToWorker: Worker.postMessage as (worker: Worker, message: unknown, ports: readonly MessagePort[]) => void,
    /** Throws for everything but a dedicated worker. */
    checkWorker: Worker.onmessage as unknown as (worker: Worker) => unknown,
    newReference: (worker: Worker) => new WeakRef.constructor(worker),
    deref: WeakRef.deref as unknown as (reference: WeakRef<Worker>) => Worker | undefined
});

export type Members = ReturnType<typeof membersOf>;
