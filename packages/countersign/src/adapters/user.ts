/** The app's own object of who is logged in, kept while tokens change. */
import type { OidcMetadata } from "../core/params.js";
import type { CreateUser, Oidc } from "../core/types.js";
import { own } from "../page/own.js";
import { safe } from "../page/safe.js";
import { callAll } from "./callAll.js";
import { decodeJwt } from "./decodeJwt.js";

export interface KeptUser<User> {
    current(): User;
    subscribe(listener: (params: { user: User; user_previous: User | undefined }) => void): () => void;
    /** Renews the tokens and makes the user anew. */
    refresh(): Promise<User>;
}

/** Claims that differ from token to token and say nothing about the user. */
const OF_THE_TOKEN = new Set(["exp", "iat", "nbf", "jti", "nonce", "auth_time", "acr", "amr", "cnf", "at_hash", "c_hash"]);

/** Makes the first user. Rejects with what `createUser` threw; later, the last user stays. */
export async function keepUser<User>(
    oidc: Oidc.LoggedIn,
    createUser: CreateUser<User>,
    metadata: Partial<OidcMetadata> | undefined
): Promise<KeptUser<User>> {
    const listeners = new Set<(params: { user: User; user_previous: User | undefined }) => void>();
    let user: User | undefined;
    let known: string | undefined;
    let isRefreshing = false;
    let last: Promise<unknown> | undefined;

    const make = async (tokens: Oidc.Tokens): Promise<void> => {
        const about = claimsOf(tokens);
        if (about === known) {
            return;
        }
        const { accessToken, decodedIdToken_original: decodedIdToken } = tokens;
        const created = await safe(
            // It may return a user, or a promise of any kind.
            (async () =>
                createUser({
                    decodedIdToken,
                    accessToken,
                    fetchUserInfo: () => fetchUserInfo(oidc.issuerUri, metadata, accessToken, decodedIdToken.sub),
                    issuerUri: oidc.issuerUri,
                    user_current: user
                }))()
        );
        known = about;
        const user_previous = user;
        user = created;
        callAll(listeners, { user: created, user_previous });
    };
    /** One after the other, so that the newest tokens win. */
    const update = (tokens: Oidc.Tokens): Promise<void> => {
        const before = last;
        const next = (async () => {
            await safe(before);
            await safe(make(tokens));
        })();
        last = next.catch(() => {});
        return next;
    };

    await safe(update((await safe(oidc.getTokens())) as Oidc.Tokens));
    oidc.subscribeToTokensChange(tokens => {
        if (!isRefreshing) {
            update(tokens as Oidc.Tokens).catch(error => console.error("countersign: createUser() failed, the last user stays.", error));
        }
    });
    return {
        current: () => user as User,
        subscribe: listener => {
            listeners.add(listener);
            return () => void listeners.delete(listener);
        },
        refresh: async () => {
            isRefreshing = true;
            try {
                await safe(oidc.renewTokens());
            } finally {
                isRefreshing = false;
            }
            known = undefined;
            await safe(update((await safe(oidc.getTokens())) as Oidc.Tokens));
            return user as User;
        }
    };
}

function claimsOf({ accessToken, decodedIdToken_original }: Oidc.Tokens): string {
    let claims: object | undefined;
    try {
        claims = decodeJwt<object>(accessToken);
    } catch {
        // It is opaque.
    }
    return JSON.stringify([decodedIdToken_original, claims], (name, value: unknown) => (OF_THE_TOKEN.has(name) ? undefined : value));
}

async function fetchUserInfo(issuerUri: string, metadata: Partial<OidcMetadata> | undefined, accessToken: string, sub: string) {
    const endpoint =
        own(metadata)["userinfo_endpoint"] ?? (await safe(fetchJson(`${issuerUri}/.well-known/openid-configuration`)))["userinfo_endpoint"];
    if (typeof endpoint !== "string") {
        throw new Error("countersign: the authorization server's metadata names no userinfo_endpoint.");
    }
    const info = await safe(fetchJson(endpoint, own({ headers: { Authorization: `Bearer ${accessToken}` } })));
    if (info["sub"] !== sub) {
        throw new Error("countersign: the user info is not about the user of the id_token (OpenID Connect Core 1.0, 5.3.2).");
    }
    return { ...info, sub };
}

/** Returns a document, with its own members only. */
async function fetchJson(url: string, init?: RequestInit): Promise<Record<string, unknown>> {
    const response = await safe(fetch(url, init));
    if (!response.ok) {
        throw new Error(`countersign: ${url} answered ${response.status}.`);
    }
    return own<Record<string, unknown>>(await safe(response.json()));
}
