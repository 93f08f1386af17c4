// A server of Node's `http` that asks a resource server, and a client that writes raw header lines.
import http from "node:http";
import net from "node:net";
import { once } from "node:events";

const { authenticateIncoming } = await import(new URL("../../../dist/server/middleware.js", import.meta.url));

/** Parses a response as far as the tests look at it. */
export const parse = bytes => {
    const [head] = bytes.toString("latin1").split("\r\n\r\n");
    const [first, ...lines] = head.split("\r\n");
    const headers = lines.map(line => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]);
    return { status: Number(first.split(" ")[1]), headers, body: bytes.toString("latin1").slice(head.length + 4) };
};

/** Sends a request as it is written, and returns the response. */
export const send = async (port, { method, target, headers }) => {
    const socket = net.connect(port, "127.0.0.1");
    const lines = [`${method} ${target} HTTP/1.1`, "Host: somewhere.example", "Connection: close", ...headers.map(([name, value]) => `${name}: ${value}`), "", ""];
    socket.write(lines.join("\r\n"));
    const chunks = [];
    socket.on("data", chunk => chunks.push(chunk));
    await once(socket, "close");
    return parse(Buffer.concat(chunks));
};

/** Starts the server. `answer` gives the response to a request, or `undefined` if Node refused it. */
export const overSocket = async () => {
    let asked;
    let reached;
    const server = http.createServer({ maxHeaderSize: 64 * 1024 }, async (request, response) => {
        reached = true;
        if (await authenticateIncoming(asked, request, response)) {
            response.end("hello");
        }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
        close: async () => {
            server.close();
            await once(server, "close");
        },
        answer: async (resourceServer, request) => {
            [asked, reached] = [resourceServer, false];
            const response = await send(server.address().port, request);
            return reached ? response : undefined;
        }
    };
};
