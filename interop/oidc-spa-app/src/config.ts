/** The addresses of the app's servers, read when it starts, so that one build runs everywhere. */

export type Config = {
    issuerUri: string;
    clientId: string;
    /** Origin of the notes API. */
    api: string;
    /** For an authorization server that does not say how long it keeps an idle session. */
    idleSessionLifetimeInSeconds?: number;
};

export const config: Promise<Config> = fetch("/config.json").then(response => response.json() as Promise<Config>);
