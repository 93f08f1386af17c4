/** A dedicated worker of the test app: makes the calls that the page describes. */
import "countersign/worker";
import { send, type Call } from "../shared/calls";

let messages = 0;

addEventListener("message", async ({ data }: MessageEvent<{ id: number; call: Call }>) => {
    messages++;
    const { id, call } = data;
    try {
        postMessage({ id, messages, result: await send(call) });
    } catch (error) {
        postMessage({ id, messages, error: { name: (error as Error).name, message: (error as Error).message } });
    }
});
