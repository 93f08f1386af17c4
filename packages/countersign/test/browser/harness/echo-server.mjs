/**
 * Two origins that answer as `behaviours` ask, and record what reached them. The fake engine's proofs are readable JSON.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import http from "node:http";
import { packageRoot, repository } from "./paths.mjs";

const FOLDERS = {
    dist: path.join(packageRoot, "dist"),
    modules: path.join(repository, "node_modules"),
    behaviours: path.join(packageRoot, "test/browser/behaviours")
};
const OPEN = {
    "access-control-allow-headers": "authorization,dpop,content-type,x-own",
    "access-control-allow-methods": "GET,HEAD,POST,PUT,PATCH,DELETE,QUERY",
    "access-control-expose-headers": "dpop-nonce,x-answer",
    "access-control-allow-credentials": "true"
};

/** Claims of a proof, or of what the fake engine calls one. */
const claimsOf = proof => JSON.parse(proof.startsWith("{") ? proof : Buffer.from(proof.split(".")[1], "base64url").toString());

export class EchoServer {
    /** @type {{ method: string, url: string, rawHeaders: string[], body: string }[]} */
    requests = [];
    /** A part of each bound token. */
    bound = "bound-";
    /** More files by path, such as bundles of libraries. @type {Map<string, string>} */
    files = new Map();
    #cacheable = 0;

    static async start() {
        const server = new EchoServer();
        const listening = await Promise.all([server.#listen(), server.#listen()]);
        [server.origin, server.far] = listening.map(({ port }) => `http://localhost:${port}`);
        server.close = async () => {
            for (const { server } of listening) {
                server.closeAllConnections();
                await new Promise(resolve => server.close(resolve));
            }
        };
        return server;
    }

    async #listen() {
        const server = http.createServer((request, response) => {
            this.#answer(request, response).catch(error => {
                response.statusCode = 500;
                response.end(String(error));
            });
        });
        await new Promise(resolve => server.listen(0, "localhost", resolve));
        return { server, port: server.address().port };
    }

    async #answer(request, response) {
        const { pathname, searchParams } = new URL(request.url, "http://localhost");
        const [, folder, file] = /^\/(\w+)\/(.+)$/.exec(pathname) ?? [];
        if (pathname === "/") {
            response.setHeader("content-type", "text/html").end("<!doctype html><title>page</title><body></body>");
            return;
        }
        if (pathname === "/favicon.ico") {
            response.writeHead(204).end();
            return;
        }
        if (this.files.has(pathname) || folder in FOLDERS) {
            const content = this.files.get(pathname) ?? (await readFile(path.join(FOLDERS[folder], path.posix.normalize(file))).catch(() => undefined));
            response.writeHead(content === undefined ? 404 : 200, { "content-type": "text/javascript" }).end(content);
            return;
        }
        const chunks = [];
        for await (const chunk of request) {
            chunks.push(chunk);
        }
        const { method, url, rawHeaders, headers } = request;
        const boundary = /boundary=(\S+)/.exec(headers["content-type"] ?? "")?.[1] ?? "\0";
        // A random boundary is not as long as another everywhere.
        const body = Buffer.concat(chunks).toString().replaceAll(boundary, "BOUNDARY");
        const authorization = headers.authorization ?? "";
        // Another one for each behaviour: an engine remembers the last.
        const nonce = `n${searchParams.get("b")}`;
        const isChallenged = searchParams.has("challenge") && authorization.startsWith("DPoP ") && claimsOf(headers.dpop).nonce !== nonce;
        if (!isChallenged) {
            this.requests.push({ method, url, rawHeaders, body });
        }
        const open = pathname === "/closed" ? {} : { ...OPEN, "access-control-allow-origin": headers.origin ?? "*" };
        const answer = (status, more = {}, text = "") => response.writeHead(status, { "cache-control": "no-store", ...open, ...more }).end(text);
        if (method === "OPTIONS") {
            answer(204);
        } else if (isChallenged) {
            answer(401, { "dpop-nonce": nonce, "www-authenticate": 'DPoP error="use_dpop_nonce"' }, "challenge");
        } else if (pathname === "/redirect") {
            const to = searchParams.get("to");
            answer(Number(searchParams.get("status")), to ? { location: to } : {});
        } else if (pathname === "/loop") {
            answer(302, { location: request.url });
        } else if (pathname === "/status") {
            const status = Number(searchParams.get("status"));
            answer(status, { "x-answer": "yes" }, [204, 205, 304].includes(status) ? "" : "answer");
        } else if (pathname === "/cut") {
            request.socket.destroy();
        } else if (pathname === "/half") {
            response.writeHead(200, { ...open, "content-length": "100" });
            response.write("half");
            setTimeout(() => request.socket.destroy(), 30);
        } else if (pathname === "/slow") {
            setTimeout(() => answer(200, {}, "slow"), 800);
        } else if (pathname === "/drip") {
            response.writeHead(200, { ...open, "content-type": "text/plain" });
            for (let i = 0; i < 3; i++) {
                response.write(`part ${i}\n`);
                await new Promise(resolve => setTimeout(resolve, 40));
            }
            response.end("end");
        } else if (pathname === "/json") {
            answer(200, { "content-type": "application/json" }, '{"a":1}');
        } else if (pathname === "/xml") {
            answer(200, { "content-type": "text/xml" }, "<a>b</a>");
        } else if (pathname === "/tus" && method === "POST") {
            answer(201, { location: request.url, "tus-resumable": "1.0.0" });
        } else if (pathname === "/tus") {
            answer(204, { "upload-offset": String(Number(headers["upload-offset"]) + body.length), "tus-resumable": "1.0.0" });
        } else if (pathname === "/cookie") {
            answer(200, { "set-cookie": "server=1; Path=/" }, "set");
        } else if (pathname === "/cacheable") {
            answer(200, { "cache-control": "max-age=600" }, String(++this.#cacheable));
        } else {
            answer(200, { "content-type": "text/plain; charset=utf-8", "x-answer": "yes" }, `${method} ${body.length}`);
        }
    }

    /**
     * Returns what reached the servers for each behaviour, by its number, without the two headers and what no two
     * requests have in common.
     */
    taken() {
        const byNumber = {};
        for (const { method, url, rawHeaders, body } of this.requests.splice(0)) {
            const unbound = rawHeaders.find(text => text.includes(this.bound) && !/^DPoP [^\s,]+$/.test(text) && !text.startsWith("{"));
            if (unbound !== undefined) {
                throw new Error(`a bound token arrived as ${unbound}: ${method} ${url}`);
            }
            const { searchParams } = new URL(url, "http://localhost");
            const fields = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1]]] : []));
            const boundary = /boundary=(\S+)/.exec(fields.find(([name]) => /^content-type$/i.test(name))?.[1] ?? "")?.[1];
            // Cookies know no ports: those of the development server come, too.
            const own = ([name, value]) => [name, /^cookie$/i.test(name) ? value.replace(/countersign_\w+=[^;]*(; )?/g, "").replace(/; $/, "") : value];
            const shown = fields
                .map(own)
                .filter(([name, value]) => value !== "" || !/^cookie$/i.test(name))
                .filter(([name]) => !/^(authorization|dpop|user-agent|connection|sec-ch-ua.*)$/i.test(name))
                .map(([name, value]) => [name, /^(sentry-trace|baggage)$/i.test(name) || (boundary && /^content-length$/i.test(name)) ? "random" : value])
                // Servers allow the header `DPoP` in the same preflight.
                .map(([name, value]) => `${name}: ${(name.toLowerCase() === "access-control-request-headers" ? value.replace(/,?dpop/, "") : value).replaceAll(boundary ?? "\0", "BOUNDARY")}`)
                .sort();
            (byNumber[searchParams.get("b")] ??= []).push({ method, path: url.replace(/&challenge=1/, ""), headers: shown, body });
        }
        return byNumber;
    }
}
