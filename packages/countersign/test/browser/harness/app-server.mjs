/**
 * Serves a built app: its files, `index.html` for every other path (as servers of single-page apps
 * do), and `/config.json`, which the test sets.
 */
import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { listenOnLoopback } from "./loopback.mjs";
import { policy } from "./webassembly.mjs";

const TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json"
};

/** A file and not inline, for pages whose Content-Security-Policy forbids that. */
const INIT_SCRIPTS = "/init-scripts.js";

export class AppServer {
    /** The content of `/config.json`: see `apps/shared/app.ts`. */
    config = {};
    /** Extra response header fields of every file. @type {Record<string, string>} */
    headers = { ...policy };
    /** Changes the page on its way to the browser. @type {(html: string) => string} */
    editPage = html => html;
    /** Scripts that run before the page's own, where the browser's driver has no way (`drivers/webkit.mjs`). @type {string[]} */
    initScripts = [];
    /** `METHOD path` of each request, in order. @type {string[]} */
    requests = [];

    /**
     * @param {string} directory the built app
     * @param {string} [host] the host name that the test opens the app under
     */
    static async start(directory, host = "localhost") {
        const app = new AppServer();
        const server = http.createServer((request, response) => {
            app.#answer(directory, request, response).catch(error => {
                response.statusCode = 500;
                response.end(String(error));
            });
        });
        const listener = await listenOnLoopback(socket => server.emit("connection", socket));
        app.origin = `http://${host}:${listener.port}`;
        app.close = listener.close;
        return app;
    }

    async #answer(directory, request, response) {
        const { pathname } = new URL(request.url, this.origin);
        this.requests.push(`${request.method} ${pathname}`);
        if (pathname === "/config.json") {
            response.setHeader("Content-Type", TYPES[".json"]);
            response.end(JSON.stringify(this.config));
            return;
        }
        if (pathname === INIT_SCRIPTS) {
            response.setHeader("Content-Type", TYPES[".js"]);
            response.end(this.initScripts.map(script => `{${script}}`).join("\n"));
            return;
        }
        if (pathname === "/favicon.ico") {
            response.statusCode = 204;
            response.end();
            return;
        }
        const file = path.extname(pathname) === "" ? "/index.html" : path.posix.normalize(pathname);
        const bytes = await readFile(path.join(directory, file)).catch(() => undefined);
        response.setHeader("Cache-Control", "no-store");
        for (const [name, value] of Object.entries(this.headers)) {
            response.setHeader(name, value);
        }
        if (bytes === undefined) {
            response.statusCode = 404;
            response.end("not found");
            return;
        }
        response.setHeader("Content-Type", TYPES[path.extname(file)] ?? "application/octet-stream");
        response.end(file === "/index.html" ? this.editPage(this.#withInitScripts(bytes.toString())) : bytes);
    }

    #withInitScripts(html) {
        return this.initScripts.length === 0 ? html : html.replace("<head>", `$&<script src="${INIT_SCRIPTS}"></script>`);
    }
}
