/** Names the functions that `messaging.ts` has saved. */
import type { EngineHost } from "../../engine/interface.js";
import type { Saved } from "./messaging.js";

export const membersOf = ({ construct, MessageChannel, MessageEvent, MessagePort, WeakRef, Worker }: Saved, { EventTarget }: EngineHost) => ({
    newChannel: () => construct(MessageChannel["constructor"], []) as MessageChannel,
    port1: MessageChannel["port1"] as (channel: MessageChannel) => MessagePort,
    port2: MessageChannel["port2"] as (channel: MessageChannel) => MessagePort,
    post: MessagePort["postMessage"] as (port: MessagePort, message: unknown) => void,
    listen: (port: MessagePort, listener: (event: MessageEvent<unknown>) => void): void => {
        (EventTarget.addEventListener as Function)(port, "message", listener);
        MessagePort["start"](port);
    },
    close: MessagePort["close"] as (port: MessagePort) => void,
    data: MessageEvent["data"] as (event: MessageEvent<unknown>) => unknown,
    postToWorker: Worker["postMessage"] as (worker: Worker, message: unknown, ports: readonly MessagePort[]) => void,
    /** Throws for everything but a dedicated worker. */
    checkWorker: Worker["onmessage"] as (worker: Worker) => unknown,
    newReference: (worker: Worker) => construct(WeakRef["constructor"], [worker]) as WeakRef<Worker>,
    deref: WeakRef["deref"] as (reference: WeakRef<Worker>) => Worker | undefined
});

export type Members = ReturnType<typeof membersOf>;
