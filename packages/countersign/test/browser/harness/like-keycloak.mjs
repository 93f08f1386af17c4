/**
 * Stands between the recording proxy and the development authorization server, and gives it Keycloak's addresses and
 * habits: keycloak-js sends cookies along, reads a refresh token as JWT, expects an id_token of each refresh, and asks
 * iframes whether cookies work and whether the session is the same.
 */
import http from "node:http";

const ENDPOINTS = { auth: "authorize", registrations: "authorize", token: "token", logout: "logout", userinfo: "userinfo" };
const PAGES = {
    "3p-cookies/step1.html": `parent.postMessage("supported", "*")`,
    // Without a session in the message there might be one.
    "login-status-iframe.html": `onmessage = ({ data, source, origin }) => source.postMessage(data.endsWith(" ") ? "changed" : "unchanged", origin)`
};

/**
 * Starts it for a world.
 *
 * @param {import("./world.mjs").World} world
 * @param {{ roles?: object }} [options] `roles`: claims that are put into the access token, whose signature is wrong then
 * @returns {Promise<() => void>} ends it
 */
export async function likeKeycloak(world, { roles } = {}) {
    const port = world.issuer.upstream;
    let idToken;
    const edit = body => {
        idToken = body.id_token ??= idToken;
        if (roles) {
            const [header, claims, signature] = body.access_token.split(".");
            body.access_token = [header, toPart({ ...fromPart(claims), ...roles }), signature].join(".");
        }
        body.refresh_token &&= `${toPart({})}.${toPart({ typ: "Refresh", sub: fromPart(body.id_token.split(".")[1]).sub })}.${body.refresh_token}`;
    };
    const server = http.createServer(async (request, response) => {
        const { method, rawHeaders, headers } = request;
        const [, name, query = ""] = /\/protocol\/openid-connect\/([\w./-]+)(\?.*)?$/.exec(request.url) ?? [];
        if (PAGES[name]) {
            response.writeHead(200, { "Content-Type": "text/html" });
            response.end(`<!doctype html><script>${PAGES[name]}</script>`);
            return;
        }
        const url = name ? `${new URL(world.issuerUri).pathname}/${ENDPOINTS[name]}${query}` : request.url;
        const isToken = url === world.tokenPath && method === "POST";
        const chunks = [];
        for await (const chunk of request) {
            chunks.push(chunk);
        }
        const sent = Buffer.concat(chunks).toString("latin1");
        const body = Buffer.from(isToken ? sent.replace(/(?<=refresh_token=)[\w-]+\.[\w-]+\./, "") : sent, "latin1");
        const fields = rawHeaders.flatMap((name, index) => (index % 2 === 0 && !/^content-length$/i.test(name) ? [name, rawHeaders[index + 1]] : []));
        const outgoing = http.request({ host: "127.0.0.1", port, method, path: url, agent: false, headers: [...fields, "Content-Length", `${body.length}`] });
        outgoing.on("error", () => response.destroy());
        outgoing.on("response", async answer => {
            const parts = [];
            for await (const part of answer) {
                parts.push(part);
            }
            let content = Buffer.concat(parts);
            if (isToken && answer.statusCode === 200) {
                const json = JSON.parse(content.toString());
                edit(json);
                content = Buffer.from(JSON.stringify(json));
            }
            const replaced = { "content-length": `${content.length}`, ...(headers.origin && { "access-control-allow-origin": headers.origin }) };
            const pairs = answer.rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [name, replaced[name.toLowerCase()] ?? answer.rawHeaders[index + 1]] : []));
            response.sendDate = false;
            response.writeHead(answer.statusCode, [...pairs, "Access-Control-Allow-Credentials", "true"]);
            response.end(content);
        });
        outgoing.end(body);
    });
    await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
    world.issuer.upstream = server.address().port;
    return () => server.close();
}

const toPart = value => Buffer.from(JSON.stringify(value)).toString("base64url");
const fromPart = text => JSON.parse(Buffer.from(text, "base64url").toString());
