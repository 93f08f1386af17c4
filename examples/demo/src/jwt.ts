/** Decodes a compact JWT for display. Nothing is verified here: the API does that. */
export function decodeJwt(jwt: string): { header: Record<string, unknown>; payload: Record<string, unknown> } {
    const [header = "", payload = ""] = jwt.split(".");
    return { header: decodePart(header), payload: decodePart(payload) };
}

function decodePart(part: string): Record<string, unknown> {
    const binary = atob(part.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(binary, character => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}

/**
 * Computes a key's thumbprint (RFC 7638): base64url(SHA-256(its required members in lexical
 * order)).
 */
export async function thumbprint(jwk: Record<string, unknown>): Promise<string> {
    const { crv, kty, x, y } = jwk;
    const input = new TextEncoder().encode(JSON.stringify({ crv, kty, x, y }));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", input));
    return btoa(String.fromCharCode(...digest)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
