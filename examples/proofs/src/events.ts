/** Server-sent events by `fetch`, since `EventSource` sends no `Authorization` header. */

export interface ServerEvent {
    id: string;
    data: string;
}

/** How long to wait before the next connection, until the server says otherwise. */
const RETRY_MILLISECONDS = 3000;

/**
 * Reads events until `signal` is aborted, or the server refuses. `connect` makes one call; it is
 * asked again after each end of the stream, and each call has a proof of its own.
 */
export async function readEvents(
    connect: (lastEventId: string) => Promise<Response>,
    onEvent: (event: ServerEvent) => void,
    signal: AbortSignal
): Promise<void> {
    let lastEventId = "";
    let retry = RETRY_MILLISECONDS;
    while (!signal.aborted) {
        try {
            const response = await connect(lastEventId);
            if (!response.ok || !response.body) {
                throw new Error(`the server answered with ${response.status}`);
            }
            for await (const fields of messages(response.body)) {
                lastEventId = fields.get("id") ?? lastEventId;
                retry = Number(fields.get("retry") ?? retry);
                const data = fields.get("data");
                data !== undefined && onEvent({ id: lastEventId, data });
            }
        } catch (error) {
            // A `TypeError` is a lost connection.
            if (!(error instanceof TypeError) && !signal.aborted) {
                throw error;
            }
        }
        await new Promise(resolve => setTimeout(resolve, retry));
    }
}

/** The fields of each message, which ends with an empty line (HTML, "Server-sent events"). */
async function* messages(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Map<string, string>> {
    let rest = "";
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const blocks = (rest + part.value).split(/\r?\n\r?\n/);
        rest = blocks.pop()!;
        for (const block of blocks) {
            const fields = new Map<string, string>();
            for (const line of block.split(/\r?\n/)) {
                const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
                if (name !== undefined) {
                    const before = name === "data" ? fields.get(name) : undefined;
                    fields.set(name, before === undefined ? value! : `${before}\n${value}`);
                }
            }
            yield fields;
        }
    }
}
