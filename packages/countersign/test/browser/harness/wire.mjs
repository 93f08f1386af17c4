/**
 * A reverse proxy that records what went over the wire. It takes the bytes from the socket and
 * parses them itself, without an HTTP library, so that the order, the case and the duplicates of
 * header fields are those that the browser sent. It can also tamper with responses. It does not
 * judge what is right: `proof.mjs` and the tests do.
 */
import http from "node:http";
import net from "node:net";
import { listenOnLoopback } from "./loopback.mjs";

/** One request and its response, as they went over the wire. */
export class Exchange {
    /** When the whole request had arrived, in milliseconds since the epoch. */
    at = Date.now();
    /** `undefined` until it is complete. It stays `undefined` if the connection was reset. */
    response = undefined;
    /** When the response was sent, in milliseconds since the epoch. */
    endedAt = undefined;

    constructor(id, origin, raw) {
        this.id = id;
        this.origin = origin;
        /** The request as bytes: head and body. */
        this.raw = raw;
        const { startLine, headers, body } = parseMessage(raw);
        const [method, target] = startLine.split(" ");
        this.method = method;
        /** Path and query, as in the request line. */
        this.target = target;
        this.path = target.split("?")[0];
        this.headers = headers;
        this.body = body;
    }

    /** Returns every value of a field, in order; `[]` if it was not sent. */
    all(name) {
        return this.headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
    }

    /**
     * Returns the only value of a field, or `undefined` if it was not sent. Throws if it was sent
     * twice.
     */
    header(name) {
        const values = this.all(name);
        if (values.length > 1) {
            throw new Error(`${this.method} ${this.target} holds ${name} ${values.length} times`);
        }
        return values[0];
    }

    query() {
        return Object.fromEntries(new URL(this.target, this.origin).searchParams);
    }

    /** Returns the body, parsed as `application/x-www-form-urlencoded`. */
    form() {
        return Object.fromEntries(new URLSearchParams(this.body.toString()));
    }

    text() {
        return this.body.toString();
    }

    toString() {
        return `${this.method} ${this.target} -> ${this.response?.status ?? "no response"}`;
    }
}

function parseMessage(raw) {
    const end = raw.indexOf("\r\n\r\n");
    const [startLine, ...lines] = raw.subarray(0, end).toString("latin1").split("\r\n");
    const headers = lines.map(line => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    return { startLine, headers, body: raw.subarray(end + 4) };
}

class Response {
    constructor(status, headers, body) {
        this.status = status;
        this.headers = headers;
        this.body = body;
    }

    header(name) {
        return this.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
    }

    json() {
        return JSON.parse(this.body.toString());
    }
}

/**
 * @typedef {{ status: number, headers: [string, string][], body: Buffer }} Editable
 * @typedef {(response: Editable, exchange: Exchange) => void | "reset" | Promise<void | "reset">} Tamper
 * edits the response in place (`Content-Length` is corrected), or returns "reset": the browser's connection is reset.
 */
export class Wire {
    /** @type {Exchange[]} */
    exchanges = [];
    /** @type {Tamper | undefined} */
    tamper = undefined;
    /** The port that requests go to. It is set once the server behind is running. */
    upstream = undefined;
    #waiting = new Set();

    /** @param {number} [port] @param {string} [host] the host name of its origin */
    static async start(port = 0, host = "localhost") {
        const wire = new Wire();
        const server = http.createServer((request, response) => {
            wire.#handle(request, response).catch(error => {
                wire.failures.push(error);
                response.destroy();
            });
        });
        server.on("clientError", () => undefined);
        server.on("upgrade", (request, socket, head) => wire.#connect(request, socket, head));
        server.keepAliveTimeout = 60_000;
        const listener = await listenOnLoopback(socket => {
            socket.bytes = [];
            server.emit("connection", socket);
            // Records the request's bytes, in addition to the HTTP server's own listener.
            socket.on("data", chunk => socket.bytes.push(chunk));
        }, port);
        wire.port = listener.port;
        wire.origin = `http://${host}:${listener.port}`;
        wire.close = listener.close;
        return wire;
    }

    /** Errors of the proxy itself. They must be empty when a test ends. */
    failures = [];

    /** Returns a point in time for `since`. */
    mark() {
        return this.exchanges.length;
    }

    /**
     * Returns the exchanges with this method and path, without preflights.
     *
     * @param {{ method?: string, path?: string, since?: number }} [filter]
     */
    list({ method, path, since = 0 } = {}) {
        return this.exchanges
            .slice(since)
            .filter(
                exchange =>
                    (method === undefined ? exchange.method !== "OPTIONS" : exchange.method === method) &&
                    (path === undefined || exchange.path === path)
            );
    }

    /** Resolves with the first exchange that matches and has its response, now or later. */
    waitFor(predicate, { since = 0, timeout = 10_000 } = {}) {
        const find = () =>
            this.exchanges.slice(since).find(exchange => exchange.response !== undefined && predicate(exchange));
        return new Promise((resolve, reject) => {
            const check = () => {
                const found = find();
                if (found !== undefined) {
                    clearTimeout(timer);
                    this.#waiting.delete(check);
                    resolve(found);
                }
            };
            const timer = setTimeout(() => {
                this.#waiting.delete(check);
                reject(new Error(`no such request came; there were: ${this.exchanges.slice(since).join(", ")}`));
            }, timeout);
            this.#waiting.add(check);
            check();
        });
    }

    /** Records the request for a WebSocket, and passes what follows on. */
    #connect({ method, url, rawHeaders }, socket, head) {
        const fields = pairs(rawHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
        const raw = Buffer.from(`${method} ${url} HTTP/1.1\r\n${fields.join("")}\r\n`, "latin1");
        this.exchanges.push(new Exchange(this.exchanges.length, this.origin, raw));
        const upstream = net.connect(this.upstream, "127.0.0.1", () => {
            upstream.write(raw);
            upstream.write(head);
            socket.pipe(upstream).pipe(socket);
        });
        upstream.on("error", () => socket.destroy());
        socket.on("close", () => upstream.destroy());
        socket.on("error", () => upstream.destroy());
    }

    async #handle(request, response) {
        const body = await collect(request);
        const raw = Buffer.concat(request.socket.bytes.splice(0));
        const exchange = new Exchange(this.exchanges.length, this.origin, raw);
        this.exchanges.push(exchange);
        const answer = await this.#forward(exchange, request, body);
        if (answer === undefined) {
            request.socket.resetAndDestroy();
            return;
        }
        if ((await this.tamper?.(answer, exchange)) === "reset") {
            request.socket.resetAndDestroy();
            return;
        }
        const headers = answer.headers.map(([key, value]) =>
            key.toLowerCase() === "content-length" ? [key, String(answer.body.length)] : [key, value]
        );
        exchange.response = new Response(answer.status, headers, answer.body);
        response.sendDate = false;
        response.writeHead(answer.status, headers.flat());
        response.end(answer.body);
        exchange.endedAt = Date.now();
        for (const check of this.#waiting) {
            check();
        }
    }

    /**
     * Forwards a request. `undefined`: the server behind is not running, and the browser sees what
     * it would see without a proxy.
     */
    #forward(exchange, request, body) {
        const { upstream } = this;
        if (upstream === undefined) {
            return undefined;
        }
        return new Promise((resolve, reject) => {
            const outgoing = http.request(
                {
                    host: "127.0.0.1",
                    port: upstream,
                    method: exchange.method,
                    path: exchange.target,
                    // Each request has its own connection, so that a restarted server is no
                    // problem.
                    agent: false,
                    headers: withoutConnection(request.rawHeaders)
                },
                incoming => {
                    collect(incoming).then(
                        bytes =>
                            resolve({
                                status: incoming.statusCode,
                                headers: pairs(incoming.rawHeaders).filter(
                                    ([key]) => !HOP_BY_HOP.has(key.toLowerCase())
                                ),
                                body: bytes
                            }),
                        reject
                    );
                }
            );
            outgoing.on("error", error => (error.code === "ECONNREFUSED" ? resolve(undefined) : reject(error)));
            outgoing.end(body);
        });
    }
}

const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding"]);

function withoutConnection(rawHeaders) {
    return pairs(rawHeaders)
        .filter(([key]) => !HOP_BY_HOP.has(key.toLowerCase()))
        .concat([["Connection", "close"]])
        .flat();
}

function pairs(rawHeaders) {
    return rawHeaders.flatMap((key, index) => (index % 2 === 0 ? [[key, rawHeaders[index + 1]]] : []));
}

async function collect(stream) {
    const chunks = [];
    for await (const chunk of stream) {
        chunks.push(chunk);
    }
    return Buffer.concat(chunks);
}

/** Edits the JSON body of responses to `path` with status 200. @returns {Tamper} */
export function tamperJson(path, edit) {
    return (response, exchange) => {
        if (exchange.path === path && exchange.method !== "OPTIONS" && response.status === 200) {
            const value = JSON.parse(response.body.toString());
            edit(value);
            response.body = Buffer.from(JSON.stringify(value));
        }
    };
}

/** Removes response fields, like a server that sends or exposes less. @returns {Tamper} */
export function withoutFields(...names) {
    const unwanted = new Set(names.map(name => name.toLowerCase()));
    return response => {
        response.headers = response.headers.filter(([key]) => !unwanted.has(key.toLowerCase()));
    };
}
