/** What pages of other origins may do: "Troubleshoot CORS issues with Microsoft Entra ID" and the code flow's document. */

/**
 * Request header fields that the token endpoint's preflight allows. UNVERIFIED: no document lists them. That no `DPoP`
 * is among them is what a server would do that does not know it.
 */
const ALLOWED_HEADERS = ["content-type", "x-client-sku", "x-client-ver", "client-request-id"];

/** Metadata and keys are public. */
export function allowPage(response) {
    response.setHeader("Access-Control-Allow-Origin", "*");
    return response;
}

/** The token endpoint answers pages of the origins of `spa` redirect URIs only, and exposes no header field. */
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
