/**
 * Keycloak's own adapter, keycloak-js 26, over `createOidc`: an app moves by changing its import, and
 * its tokens are bound to a key of the page.
 */
import { loadCore } from "./adapters/door.js";
import { Client } from "./adapters/keycloakJs/client.js";
import type { KeycloakConfig } from "./adapters/keycloakJs/types.js";

export { NetworkError } from "./adapters/keycloak/ask.js";
export type * from "./adapters/keycloakJs/types.js";

/** A client of a Keycloak server, or of another OpenID Connect provider. */
export class Keycloak extends Client {
    /** `config`: the URL of a `keycloak.json` if it is a text. Nothing is fetched before `init`. */
    constructor(config: KeycloakConfig | string) {
        super(config, loadCore);
    }
}

export default Keycloak;

/** The name of the type in older versions of keycloak-js. */
export type KeycloakInstance = Keycloak;
