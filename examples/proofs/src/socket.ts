/**
 * A WebSocket, which can send neither token nor proof: an ordinary call gets a ticket, which opens
 * one socket within seconds (`examples/api/src/live.rs`). No token is in a URL.
 */
export async function openSocket(api: string, call: (url: string, init: RequestInit) => Promise<Response>): Promise<WebSocket> {
    const response = await call(`${api}/api/ticket`, { method: "POST" });
    if (!response.ok) {
        throw new Error(`no ticket: the server answered with ${response.status}`);
    }
    const { ticket } = (await response.json()) as { ticket: string };
    return new WebSocket(`${api.replace(/^http/, "ws")}/live?ticket=${ticket}`);
}
