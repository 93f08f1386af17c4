/**
 * Starts a reverse proxy that seems to end TLS to what is behind it: it has another host, scheme
 * and path.
 */
import http from "node:http";
import { listenOnLoopback } from "../../../packages/countersign/test/browser/harness/loopback.mjs";

/**
 * @param {import("../../lib/peer.mjs").Run} run
 * @param {{ upstream: number, host: string, prefix?: string }} options `https://{host}{prefix}` is the root of what
 * listens on `upstream`
 * @returns {Promise<number>} the port
 */
export async function reverseProxy(run, { upstream, host, prefix = "" }) {
    const server = http.createServer((request, response) => {
        const outgoing = http.request({
            ...{ host: "127.0.0.1", port: upstream, method: request.method, agent: false },
            path: request.url.slice(prefix.length),
            headers: {
                ...request.headers,
                host: `127.0.0.1:${upstream}`,
                // These replace what the client may have sent.
                "x-forwarded-proto": "https",
                "x-forwarded-host": host,
                "x-forwarded-port": "443",
                ...(prefix === "" ? {} : { "x-forwarded-prefix": prefix })
            }
        });
        outgoing.on("response", incoming => {
            response.writeHead(incoming.statusCode, incoming.rawHeaders);
            incoming.pipe(response);
        });
        outgoing.on("error", () => response.destroy());
        request.pipe(outgoing);
    });
    const { port, close } = await listenOnLoopback(socket => server.emit("connection", socket));
    run.after(close);
    return port;
}
