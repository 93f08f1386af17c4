// A page in real Chromium with the compiled modules of dist, and a server that records requests.
// The engine is a fake: these tests check what the interceptors do, not what the engine decides.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import path from "node:path";

const packageDir = fileURLToPath(new URL("../../..", import.meta.url));
const modulesDir = fileURLToPath(new URL("../../../../../node_modules", import.meta.url));

export { launchChromium as launch } from "../../chromium.mjs";

/**
 * Starts a server. `answer(request, body)` returns `{ status, headers, body }`, or `undefined` to
 * cut the connection.
 */
export async function startServer(answer) {
    const requests = [];
    const server = createServer(async (request, response) => {
        const { pathname } = new URL(request.url, "http://localhost");
        const file = /^\/(dist|modules)\/(.+)$/.exec(pathname);
        if (pathname === "/") {
            response.setHeader("content-type", "text/html").end("<!doctype html><title>test</title>");
        } else if (file) {
            const content = await readFile(path.join(file[1] === "dist" ? path.join(packageDir, "dist") : modulesDir, file[2])).catch(() => undefined);
            response.writeHead(content ? 200 : 404, { "content-type": "text/javascript" }).end(content);
        } else if (pathname === "/favicon.ico") {
            response.writeHead(404).end();
        } else {
            const chunks = [];
            for await (const chunk of request) {
                chunks.push(chunk);
            }
            const { method, url, headers, rawHeaders } = request;
            const recorded = { method, url, headers, rawHeaders, body: Buffer.concat(chunks).toString() };
            requests.push(recorded);
            const { status = 200, headers: more = {}, body = "" } = (await answer(recorded)) ?? { status: 0 };
            if (status === 0) {
                request.socket.destroy();
                return;
            }
            response.writeHead(status, { "cache-control": "no-store", ...more }).end(body);
        }
    });
    await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
    return {
        origin: `http://localhost:${server.address().port}`,
        requests,
        close: () => new Promise(resolve => {
            server.close(resolve);
            server.closeAllConnections();
        })
    };
}

/**
 * Runs early init's part in the page. `freeze` is `{ excludes }` or `undefined`. Afterwards
 * `window.engine` is a fake engine with readable proofs, which asks for one retry after a 401 with
 * a nonce. `window.log` records its calls, and `window.knobs` controls it. `before` runs in the
 * page first.
 */
export async function openPage(browser, server, { freeze, before } = {}) {
    const page = await browser.newPage();
    await page.goto(server.origin);
    before && (await page.evaluate(before));
    await page.evaluate(async freeze => {
        const { DPoP } = await import("/dist/DPoP.js");
        const { browserRuntimeFreeze } = await import("/dist/browser-runtime-freeze.js");
        const { installInterceptors } = await import("/dist/core/interceptors/index.js");
        const { hooks } = DPoP({ mode: "auto" }).enableDPoP();
        if (freeze) {
            browserRuntimeFreeze(freeze).enableBrowserRuntimeFreeze();
        }
        const log = (window.log = []);
        const knobs = (window.knobs = {});
        window.resetKnobs = () => {
            log.length = 0;
            Object.keys(knobs).forEach(name => delete knobs[name]);
        };
        let attempts = 0;
        const upgrade = claims => {
            attempts += 1;
            log.push(["upgrade", attempts]);
            const proof = JSON.stringify({ ...claims, jti: attempts });
            return { proof: knobs.makeProof?.(proof) ?? proof, attempt: attempts };
        };
        const open = new Map();
        const setTimeout = window.setTimeout;
        window.engine = {
            boundToken: token =>
                token.startsWith("bound-") && !token.endsWith(",")
                    ? { __proto__: null, authorization: `DPoP ${token}`, number: 1 }
                    : undefined,
            holdsBoundToken: text => text.includes("bound-"),
            async authorize(htm, origin, path, _token, signal) {
                const claims = { htm, htu: origin + path };
                await knobs.holdAuthorize;
                await new Promise(resolve => setTimeout(resolve, knobs.delay ?? 0));
                signal?.throwIfAborted();
                if (knobs.authorizeError) {
                    throw new Error(knobs.authorizeError);
                }
                const made = upgrade(claims);
                open.set(made.attempt, { claims });
                return made;
            },
            async observe(attempt, response, isReplayable, end) {
                log.push(["observe", attempt, response.status, response.dpopNonce, isReplayable]);
                const { claims } = open.get(attempt);
                open.delete(attempt);
                window.answeredBy = end && end.origin + end.path;
                await knobs.holdObserve;
                if (knobs.observeError) {
                    throw new Error(knobs.observeError);
                }
                const isMendable = end
                    ? end.origin === new URL(claims.htu).origin && ["GET", "HEAD"].includes(claims.htm)
                    : response.dpopNonce;
                if (response.status !== 401 || !isMendable || !isReplayable) {
                    return undefined;
                }
                const again = end ? { ...claims, htu: end.origin + end.path } : { ...claims, nonce: response.dpopNonce };
                // Signing takes a task.
                await new Promise(resolve => setTimeout(resolve));
                const made = upgrade(again);
                open.set(made.attempt, { claims });
                return made;
            },
            release(attempt) {
                log.push(["release", attempt]);
                if (!open.delete(attempt)) {
                    throw new Error(`attempt ${attempt} was not open`);
                }
            }
        };
        // It also forgets them, so that one failure does not fail the next tests too.
        window.openAttempts = () => {
            const { size } = open;
            open.clear();
            return size;
        };
        installInterceptors(window.engine, hooks);
    }, freeze);
    return page;
}

/** Returns the proof of a recorded request. */
export const proofOf = request => JSON.parse(request.headers["dpop"]);
