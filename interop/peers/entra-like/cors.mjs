/**
 * What pages of other origins may do, from "Troubleshoot CORS issues with Microsoft Entra ID" and
 * the code flow's document.
 */

/**
 * Request header fields that the token endpoint's preflight allows. UNVERIFIED: no document lists
 * them. A server that does not know DPoP would not list it.
 */
const ALLOWED_HEADERS = ["content-type", "x-client-sku", "x-client-ver", "client-request-id"];

/** Allows any page: metadata and keys are public. */
export function allowPage(response) {
    response.setHeader("Access-Control-Allow-Origin", "*");
    return response;
}

/**
 * Lets the token endpoint answer only pages whose origin has an `spa` redirect URI, and exposes no
 * header field.
 */
export function allowSpa(apps, request, response) {
    const { origin } = request.headers;
    const isKnown = apps.some(({ spa = [] }) => spa.some(uri => isOriginOf(uri, origin)));
    if (isKnown) {
        response.setHeader("Access-Control-Allow-Origin", origin);
        response.setHeader("Vary", "Origin");
    }
    if (request.method === "OPTIONS") {
        response.setHeader("Access-Control-Allow-Methods", "POST, OPTIONS");
        response.setHeader("Access-Control-Allow-Headers", ALLOWED_HEADERS.join(", "));
        response.statusCode = 200;
    }
    return response;
}

function isOriginOf(uri, origin) {
    return new URL(uri).origin === origin;
}
