/** The servers of both measurements, of bytes and of time: the app's files, and the development authorization server. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * Serves files on both loopback addresses. `headersOf(url)`: what their responses have besides their
 * type. `index`: the text of `/`, if it is no file.
 */
export async function serve(directory, headersOf, index) {
    const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
    const answer = async (request, response) => {
        try {
            const { pathname } = new URL(request.url ?? "/", "http://localhost");
            const file = fileFor(directory, pathname);
            const body = (pathname === "/" && index) || (await readFile(file));
            response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream", ...headersOf(request.url) });
            response.end(request.method === "HEAD" ? undefined : body);
        } catch {
            response.writeHead(404).end();
        }
    };
    const first = createServer(answer);
    await listen(first, 0, "127.0.0.1");
    const { port } = first.address();
    const second = createServer(answer);
    await listen(second, port, "::1");
    return {
        origin: `http://localhost:${port}`,
        close: () => [first, second].forEach(server => (server.closeAllConnections(), server.close()))
    };
}

/**
 * The headers of the app's files: `policy.header` is the Content-Security-Policy, if there is one, and
 * `policy.isCached` whether files that are named by their content are cached, as usual; otherwise
 * nothing is.
 */
export const headersBy = policy => url => ({
    "Cache-Control": policy.isCached && url.startsWith("/assets/") ? "max-age=31536000, immutable" : "no-store",
    ...(policy.header && { "Content-Security-Policy": policy.header })
});

function listen(server, port, host) {
    return new Promise((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
}

export function fileFor(directory, pathname) {
    return join(directory, pathname === "/" ? "index.html" : pathname);
}

/**
 * Starts the development authorization server; resolves with its issuer once it listens. `atEnd` gets
 * what ends it.
 */
export async function startAuthorizationServer(origin, atEnd, clientId = "size") {
    const server = spawn(
        fileURLToPath(new URL("../../target/debug/countersign", import.meta.url)),
        ["idp", "--port", "0", "--client", `${clientId}=${origin}/`, "--audience", `${origin}/api`, "--allow-origin", origin],
        { stdio: ["ignore", "pipe", "inherit"] }
    );
    atEnd.push(() => server.kill());
    for await (const line of createInterface({ input: server.stdout })) {
        const listening = /listening on (http:\/\/localhost:\d+)/.exec(line);
        if (listening !== null) {
            server.stdout.resume();
            return listening[1];
        }
    }
    throw new Error("the authorization server ended before it listened");
}
