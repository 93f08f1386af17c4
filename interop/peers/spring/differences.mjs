/**
 * The cases of lib/hostile/cases.mjs to which Spring Security (7.0 and 7.1) answers differently
 * from our API. A version that changes any of them fails the scenario, so that this list and the
 * documentation are updated.
 */
export const DIFFERENCES = {
    // Without `Authorization: DPoP`, the part that knows only Bearer answers.
    "R5 no credentials": "401 Bearer",
    "R5 another scheme": "401 Bearer",
    "R6 the token in the query": "401 Bearer",
    "R4 the bound token as Bearer": "401 Bearer invalid_token",
    "R4 the bound token as Bearer, with a proof": "401 Bearer invalid_token",
    // It has no setting that requires tokens to be bound.
    "an unbound token as Bearer": "200",
    // Of two fields, the Bearer part reads only the first.
    "R2 Bearer and then DPoP": "401 Bearer invalid_token",
    // Other error codes.
    "R2 two tokens": "401 DPoP invalid_request",
    "R2 DPoP and then Bearer": "401 DPoP invalid_request",
    "R3 no proof": "401 DPoP invalid_request",
    "V1 two proofs": "401 DPoP invalid_request",
    "R4 an unbound token as DPoP": "401 DPoP invalid_dpop_proof",
    // More lenient.
    "V2 padding": "200",
    "V4 typ in upper case": "200",
    "V8 htm in lower case": "200",
    "V9 another host, named by Host too": "200",
    "V12 of in 20 seconds": "200",
    // Stricter. Tomcat accepts 8 KB of header fields; `htu` is compared as text; a `jti` is
    // remembered without its key.
    "V2 of 12,000 characters": "400",
    "V5 EdDSA, with its own token": "401 DPoP invalid_dpop_proof",
    "V9 a query": "401 DPoP invalid_dpop_proof",
    "V9 a fragment": "401 DPoP invalid_dpop_proof",
    "V10 the default port": "401 DPoP invalid_dpop_proof",
    "V10 scheme and host in upper case": "401 DPoP invalid_dpop_proof",
    "V10 an encoded letter": "401 DPoP invalid_dpop_proof",
    "V10 dot segments": "401 DPoP invalid_dpop_proof",
    "V12 of 45 seconds ago": "401 DPoP invalid_dpop_proof",
    "S1 the same jti of another key": "401 DPoP invalid_dpop_proof"
};
