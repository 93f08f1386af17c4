/** Where the app finds its servers, read when it starts: one build runs everywhere. */

export type Config = {
    issuerUri: string;
    clientId: string;
    /** Origin of the notes API. */
    api: string;
};

export const config: Promise<Config> = fetch("/config.json").then(response => response.json() as Promise<Config>);
