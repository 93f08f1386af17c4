/**
 * Servers that listen on both loopback addresses, because `localhost` may mean either.
 */
import { once } from "node:events";
import net from "node:net";

/**
 * Binds one port on 127.0.0.1 and, if the machine has IPv6, on ::1. Connections to both go to
 * `onConnection`.
 *
 * @param {(socket: net.Socket) => void} onConnection
 * @param {number} [port] 0: any free one
 * @returns {Promise<{ port: number, close: () => Promise<void> }>}
 */
export async function listenOnLoopback(onConnection, port = 0) {
    const sockets = new Set();
    const servers = [];
    const create = () =>
        net.createServer({ noDelay: true }, socket => {
            sockets.add(socket);
            socket.on("close", () => sockets.delete(socket));
            // A browser that closes a connection early does not fail the test.
            socket.on("error", () => undefined);
            onConnection(socket);
        });
    const listen = async (host, number) => {
        const server = create();
        server.listen(number, host);
        await once(server, "listening");
        servers.push(server);
        return server.address().port;
    };
    const close = async () => {
        for (const socket of sockets) {
            socket.destroy();
        }
        await Promise.all(servers.splice(0).map(server => new Promise(resolve => server.close(resolve))));
    };
    for (let attempt = 0; ; attempt++) {
        const chosen = await listen("127.0.0.1", port);
        try {
            await listen("::1", chosen);
            return { port: chosen, close };
        } catch (error) {
            if (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT") {
                return { port: chosen, close };
            }
            await close();
            if (port !== 0 || attempt === 20) {
                throw error;
            }
        }
    }
}
