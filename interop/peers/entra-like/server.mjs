/**
 * A provider without DPoP that behaves like Microsoft Entra ID, as far as a client and an API can
 * tell. It knows nothing of RFC 9449: it has no metadata for it, ignores the `DPoP` header, writes
 * no `cnf`, and its `token_type` is always `Bearer`.
 *
 * Its behaviour is taken from Microsoft's documents; each rule names the document. What no document
 * says is marked UNVERIFIED, and we chose what is hardest for a client. Also UNVERIFIED: the
 * numbers of AADSTS errors that "Microsoft Entra authentication and authorization error codes" does
 * not list (700016, 501481, those with 9002). The texts of all errors are ours.
 */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import http from "node:http";
import { listenOnLoopback } from "../../../packages/countersign/test/browser/harness/loopback.mjs";
import { allowPage, allowSpa } from "./cors.mjs";
import { loginPage, page } from "./pages.mjs";
import { Signer } from "./tokens.mjs";

/**
 * "Microsoft identity platform and OAuth 2.0 authorization code flow": codes live about 10 minutes.
 */
const CODE_LIFETIME_MILLISECONDS = 10 * 60_000;
/**
 * The same document: refresh tokens of `spa` redirect URIs expire after 24 hours, and their
 * successors keep that end.
 */
const SPA_REFRESH_LIFETIME_MILLISECONDS = 24 * 60 * 60_000;
/** "Refresh tokens in the Microsoft identity platform": 90 days for the others. */
const REFRESH_LIFETIME_MILLISECONDS = 90 * 24 * 60 * 60_000;

const OIDC_SCOPES = new Set(["openid", "profile", "email", "offline_access"]);

/**
 * @typedef {object} App an app registration
 * @property {string} clientId a GUID
 * @property {string[]} [spa] redirect URIs of the platform "Single-page application"
 * @property {string[]} [native] redirect URIs of the platform "Mobile and desktop applications"
 *
 * @typedef {object} Api another app registration, with its Application ID URI (`api://<client id>`)
 * @property {string} clientId the `aud` of v2.0 access tokens
 * @property {string} scope the one that it exposes
 *
 * @typedef {{ name: string, username: string, oid: string }} User
 */
export class EntraLike {
    tenant = randomUUID();
    /** `METHOD path` of each request, with `status`. @type {{ line: string, status: number }[]} */
    requests = [];
    #codes = new Map();
    #refreshTokens = new Map();
    #sessions = new Map();

    /** @param {{ apps: App[], api: Api, user: User }} registrations */
    static async start({ apps, api, user }) {
        const server = new EntraLike();
        Object.assign(server, { apps, api, user });
        server.signer = await Signer.create();
        const listener = http.createServer((request, response) => {
            response.on("finish", () => {
                const line = `${request.method} ${new URL(request.url, server.origin).pathname}`;
                server.requests.push({ line, status: response.statusCode });
            });
            server.#route(request, response).catch(error => {
                response.writeHead(500).end(String(error.stack));
            });
        });
        const { port, close } = await listenOnLoopback(socket => listener.emit("connection", socket));
        server.port = port;
        server.origin = `http://localhost:${port}`;
        server.close = close;
        return server;
    }

    /** Sets the origin that clients know, if there is a proxy in front. */
    publishedAs(origin) {
        this.origin = origin;
    }

    /** "Access token claims reference": it ends in `/v2.0`. */
    get issuer() {
        return `${this.origin}/${this.tenant}/v2.0`;
    }

    /**
     * "Access tokens in the Microsoft identity platform": the issuer in tenant-independent metadata
     * is a template.
     */
    get commonAuthority() {
        return `${this.origin}/common/v2.0`;
    }

    get apiScope() {
        return `api://${this.api.clientId}/${this.api.scope}`;
    }

    /** Ends all refresh tokens, as after a day. The user's session continues. */
    endRefreshTokens() {
        for (const grant of this.#refreshTokens.values()) {
            grant.until = 0;
        }
    }

    #route(request, response) {
        const { pathname, searchParams } = new URL(request.url, this.origin);
        const paths = {
            [`GET /${this.tenant}/v2.0/.well-known/openid-configuration`]: () =>
                this.#metadata(response, this.tenant, this.issuer),
            "GET /common/v2.0/.well-known/openid-configuration": () =>
                this.#metadata(response, "common", `${this.origin}/{tenantid}/v2.0`),
            [`GET /${this.tenant}/discovery/v2.0/keys`]: () =>
                json(allowPage(response), 200, this.signer.jwks(this.issuer)),
            [`GET /${this.tenant}/oauth2/v2.0/authorize`]: () => this.#authorize(request, response, searchParams),
            [`POST /${this.tenant}/login`]: () => this.#logIn(request, response),
            [`POST /${this.tenant}/oauth2/v2.0/token`]: () => this.#token(request, response),
            [`OPTIONS /${this.tenant}/oauth2/v2.0/token`]: () => allowSpa(this.apps, request, response).end(),
            [`GET /${this.tenant}/oauth2/v2.0/logout`]: () => this.#logOut(request, response, searchParams),
            "GET /favicon.ico": () => response.writeHead(204).end()
        };
        const answer = paths[`${request.method} ${pathname}`] ?? (() => response.writeHead(404).end());
        return Promise.resolve(answer());
    }

    /**
     * "OpenID Connect on the Microsoft identity platform", the sample response, and what discovery
     * asks for.
     */
    #metadata(response, tenant, issuer) {
        const base = `${this.origin}/${tenant}`;
        json(allowPage(response), 200, {
            token_endpoint: `${base}/oauth2/v2.0/token`,
            token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            jwks_uri: `${base}/discovery/v2.0/keys`,
            response_modes_supported: ["query", "fragment", "form_post"],
            subject_types_supported: ["pairwise"],
            id_token_signing_alg_values_supported: ["RS256"],
            response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
            scopes_supported: ["openid", "profile", "email", "offline_access"],
            issuer,
            request_uri_parameter_supported: false,
            userinfo_endpoint: "https://graph.microsoft.com/oidc/userinfo",
            authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
            http_logout_supported: true,
            frontchannel_logout_supported: true,
            end_session_endpoint: `${base}/oauth2/v2.0/logout`
        });
    }

    #authorize(request, response, query) {
        const app = this.apps.find(({ clientId }) => clientId === query.get("client_id"));
        if (app === undefined) {
            return page(response, 400, "AADSTS700016: the application was not found in the directory");
        }
        const redirect = findRedirect(app, query.get("redirect_uri"));
        if (redirect === undefined) {
            return page(response, 400, "AADSTS50011: the redirect URI does not match those of the application");
        }
        const back = parameters => {
            const url = new URL(query.get("redirect_uri"));
            for (const [name, value] of Object.entries({ ...parameters, state: query.get("state") })) {
                url.searchParams.set(name, value);
            }
            response.writeHead(302, { Location: url.href, "Cache-Control": "no-store" }).end();
        };
        // "How to handle third-party cookie blocking in browsers": PKCE is required for SPAs.
        if (redirect === "spa" && query.get("code_challenge_method") !== "S256") {
            return back(aadsts("invalid_request", 9002325, "Proof Key for Code Exchange is required"));
        }
        const user = this.#sessions.get(cookie(request, this.#sessionCookie));
        if (user !== undefined && query.get("prompt") !== "login") {
            // UNVERIFIED: `session_state`. No `iss`: the document's successful response has none.
            return back({ code: this.#code(app, redirect, query), session_state: randomUUID() });
        }
        if (query.get("prompt") === "none") {
            // "Microsoft Entra authentication and authorization error codes":
            // UserInformationNotProvided.
            return back(aadsts("login_required", 50058, "the user is not signed in"));
        }
        // The request as it continues after the page, which has done what `prompt=login` asked for.
        query.delete("prompt");
        return loginPage(response, { action: `/${this.tenant}/login`, request: query.toString(), user: this.user });
    }

    #code(app, redirect, query) {
        const code = `0.A${randomBytes(64).toString("base64url")}`;
        this.#codes.set(code, {
            app,
            redirect,
            redirectUri: query.get("redirect_uri"),
            challenge: query.get("code_challenge"),
            nonce: query.get("nonce"),
            scopes: (query.get("scope") ?? "").split(" ").filter(scope => scope !== ""),
            until: Date.now() + CODE_LIFETIME_MILLISECONDS
        });
        return code;
    }

    async #logIn(request, response) {
        const form = await formOf(request);
        const session = randomBytes(16).toString("base64url");
        this.#sessions.set(session, this.user);
        response.setHeader(
            "Set-Cookie",
            `${this.#sessionCookie}=${session}; Path=/; HttpOnly; Secure; SameSite=None`
        );
        const location = `/${this.tenant}/oauth2/v2.0/authorize?${form.get("request")}`;
        response.writeHead(303, { Location: location }).end();
    }

    /** The name includes the port, because cookies ignore ports. */
    get #sessionCookie() {
        return `ESTSAUTH-${this.port}`;
    }

    async #token(request, response) {
        const form = await formOf(request);
        allowSpa(this.apps, request, response);
        const refuse = (error, code, why) => json(response, 400, aadsts(error, code, why));
        const grant = this.#grant(form);
        if ("refusal" in grant) {
            return refuse(...grant.refusal);
        }
        // "Microsoft identity platform and OAuth 2.0 authorization code flow", "Redirect URIs for
        // single-page apps".
        const isCrossOrigin = request.headers.origin !== undefined;
        if (grant.redirect === "spa" && !isCrossOrigin) {
            return refuse("invalid_request", 9002327, "tokens of the platform 'Single-Page Application' need an Origin");
        }
        if (grant.redirect !== "spa" && isCrossOrigin) {
            return refuse("invalid_request", 9002326, "an Origin is for the platform 'Single-Page Application' only");
        }
        return json(response, 200, await this.#tokens(grant));
    }

    #grant(form) {
        const refused = (code, why) => ({ refusal: ["invalid_grant", code, why] });
        switch (form.get("grant_type")) {
            case "authorization_code": {
                const code = this.#codes.get(form.get("code"));
                this.#codes.delete(form.get("code"));
                if (code === undefined || code.until < Date.now()) {
                    return refused(54005, "the authorization code was already redeemed, or has expired");
                }
                if (code.app.clientId !== form.get("client_id") || code.redirectUri !== form.get("redirect_uri")) {
                    return refused(50011, "the code was issued to another client or redirect URI");
                }
                if (code.challenge !== sha256(form.get("code_verifier") ?? "")) {
                    return refused(501481, "the code_verifier does not match the code_challenge");
                }
                const lifetime =
                    code.redirect === "spa" ? SPA_REFRESH_LIFETIME_MILLISECONDS : REFRESH_LIFETIME_MILLISECONDS;
                return { ...code, until: Date.now() + lifetime };
            }
            case "refresh_token": {
                const grant = this.#refreshTokens.get(form.get("refresh_token"));
                if (grant === undefined || grant.app.clientId !== form.get("client_id") || grant.until < Date.now()) {
                    return refused(700084, "the refresh token is unknown or has expired");
                }
                // "Refresh tokens aren't revoked when used": the old one stays valid.
                return { ...grant, nonce: null };
            }
            default:
                return { refusal: ["unsupported_grant_type", 70003, "the grant type is not supported"] };
        }
    }

    async #tokens({ app, redirect, scopes, nonce, until }) {
        const resource = scopes.filter(scope => !OIDC_SCOPES.has(scope));
        const grantee = { issuer: this.issuer, tenant: this.tenant, user: this.user, clientId: app.clientId, nonce };
        const { token, lifetime } = await this.signer.accessToken(grantee, {
            // Without a scope of the API, the token is for Microsoft Graph, and no other API can
            // validate it.
            audience: resource.includes(this.apiScope) ? this.api.clientId : "00000003-0000-0000-c000-000000000000",
            scp: resource.map(scope => scope.split("/").pop()).join(" ")
        });
        const answer = {
            token_type: "Bearer",
            scope: resource.join(" "),
            expires_in: lifetime,
            ext_expires_in: lifetime,
            access_token: token
        };
        if (scopes.includes("offline_access")) {
            answer.refresh_token = `0.A${randomBytes(96).toString("base64url")}`;
            this.#refreshTokens.set(answer.refresh_token, { app, redirect, scopes, until });
        }
        if (scopes.includes("openid")) {
            answer.id_token = await this.signer.idToken(grantee);
        }
        return answer;
    }

    /**
     * "OpenID Connect on the Microsoft identity platform": back only to a registered redirect URI.
     */
    #logOut(request, response, query) {
        this.#sessions.delete(cookie(request, this.#sessionCookie));
        const uri = query.get("post_logout_redirect_uri");
        if (uri !== null && this.apps.some(app => findRedirect(app, uri) !== undefined)) {
            return response.writeHead(302, { Location: uri }).end();
        }
        return page(response, 200, "You signed out of your account");
    }
}

/**
 * "Redirect URI (reply URL) restrictions": exact, but the port of localhost and 127.0.0.1 does not
 * count.
 */
function findRedirect(app, uri) {
    const comparable = text => {
        const url = new URL(text);
        if (url.protocol === "http:" && ["localhost", "127.0.0.1"].includes(url.hostname)) {
            url.port = "";
        }
        return url.href;
    };
    return ["spa", "native"].find(platform =>
        (app[platform] ?? []).some(registered => URL.canParse(uri) && comparable(registered) === comparable(uri))
    );
}

/** "Microsoft Entra authentication and authorization error codes", the sample error response. */
function aadsts(error, code, why) {
    const [trace, correlation] = [randomUUID(), randomUUID()];
    const timestamp = new Date().toISOString().replace("T", " ").replace(/\.\d+/, "");
    const ids = [`Trace ID: ${trace}`, `Correlation ID: ${correlation}`, `Timestamp: ${timestamp}`];
    return {
        error,
        error_description: [`AADSTS${code}: ${why}.`, ...ids].join("\r\n"),
        error_codes: [code],
        timestamp,
        trace_id: trace,
        correlation_id: correlation,
        error_uri: `https://login.microsoftonline.com/error?code=${code}`
    };
}

function json(response, status, value) {
    response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store" });
    response.end(JSON.stringify(value));
}

async function formOf(request) {
    const chunks = [];
    for await (const chunk of request) {
        chunks.push(chunk);
    }
    return new URLSearchParams(Buffer.concat(chunks).toString());
}

function cookie(request, name) {
    const pairs = (request.headers.cookie ?? "").split("; ").map(pair => pair.split("="));
    return pairs.find(([key]) => key === name)?.[1];
}

function sha256(text) {
    return createHash("sha256").update(text).digest("base64url");
}
