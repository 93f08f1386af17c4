/**
 * The attacker's machine: another process, which has what was stolen but nothing else from the
 * browser. It sends the request it is told to send, header for header, and reports the API's
 * response.
 */
import { request as send, type IncomingMessage, type ServerResponse } from "node:http";
import type { Plugin } from "vite";
import type { Loot, Refusal } from "./src/loot";

const MAX_BODY_BYTES = 64 * 1024;

export function attacker(api: string): Plugin {
    return {
        name: "demo-attacker",
        configureServer(server) {
            server.middlewares.use("/attacker", (request, response) => {
                receive(request)
                    .then(loot => replay(api, loot))
                    .then(
                        refusal => answer(response, 200, refusal),
                        (error: unknown) => answer(response, 502, { message: String(error) })
                    );
            });
        }
    };
}

async function receive(request: IncomingMessage): Promise<Loot> {
    let body = "";
    for await (const chunk of request) {
        body += String(chunk);
        if (body.length > MAX_BODY_BYTES) {
            throw new Error(`The request is larger than ${MAX_BODY_BYTES} bytes.`);
        }
    }
    return JSON.parse(body) as Loot;
}

function replay(api: string, loot: Loot): Promise<Refusal> {
    const url = new URL(loot.path, api);
    if (url.origin !== new URL(api).origin) {
        throw new Error(`${loot.path} is not a path of ${api}.`);
    }
    const headers: Record<string, string> = { Authorization: loot.authorization };
    if (loot.proof !== undefined) {
        headers["DPoP"] = loot.proof;
    }
    return new Promise((resolve, reject) => {
        const outgoing = send(url, { method: loot.method, headers }, incoming => {
            incoming.resume();
            incoming.on("end", () =>
                resolve({
                    status: incoming.statusCode ?? 0,
                    challenge: incoming.headers["www-authenticate"] ?? ""
                })
            );
        });
        outgoing.on("error", reject);
        outgoing.end();
    });
}

function answer(response: ServerResponse, status: number, value: unknown): void {
    response.statusCode = status;
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(value));
}
