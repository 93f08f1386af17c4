/** Asks Keycloak something about the user. */
import { own } from "../../page/own.js";
import { safe } from "../../page/safe.js";

/** The server answered, but not with what it was asked for. */
export class NetworkError extends Error {
    readonly response: Response;

    constructor(message: string, options: { response: Response }) {
        super(message);
        this.name = "NetworkError";
        this.response = options.response;
    }
}

/**
 * Fetches a JSON document: with an access token, or without. Early init's hook sends a DPoP-bound
 * token as DPoP. Rejects with a `NetworkError` for any status that is not a success.
 */
export async function fetchJson<T>(url: string, accessToken?: string): Promise<T> {
    const headers = { Accept: "application/json", ...(accessToken !== undefined && { Authorization: `Bearer ${accessToken}` }) };
    const response = await safe(fetch(url, own({ headers })));
    const { ok, status } = response;
    if (!ok) {
        const advice =
            status === 401
                ? "the access token has expired, or this server does not take it"
                : status === 403
                  ? "the access token lacks the role or scope for it"
                  : "check the address and the server";
        throw new NetworkError(`countersign: ${url} answered with status ${status}; ${advice}.`, { response });
    }
    return response.json() as Promise<T>;
}
