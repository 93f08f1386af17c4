/**
 * What apps want of a Keycloak server besides the login: its consoles, the user's profile, the
 * registration page. Names and shapes are those of oidc-spa.
 */
export { isKeycloak, type KeycloakIssuerUriParsed } from "./adapters/keycloak/issuer.js";
export { NetworkError } from "./adapters/keycloak/ask.js";
export {
    createKeycloakUtils,
    type KeycloakProfile,
    type KeycloakUserInfo,
    type KeycloakUtils
} from "./adapters/keycloak/utils.js";
