/** One client of the page: its engine, its handle there, and its settings. */
import type { Bare, ClientHandle, Engine, Mode } from "../engine/interface.js";
import type { Settings } from "./params.js";

export interface Context extends Settings, Bare {
    engine: Engine;
    client: ClientHandle;
}

/** Registers the client with the engine. `mode`: the page's. */
export function makeContext(settings: Settings, engine: Engine, mode: Mode, issuerUri: string): Context {
    const { params, clientId } = settings;
    const client = engine.create({
        issuerUri,
        clientId,
        scope: [...new Set(["openid", ...(params.scopes ?? ["profile"])])].join(" "),
        mode: params.disableDPoP === true ? "off" : mode,
        metadata: params.__metadata
    });
    return { __proto__: null, ...settings, engine, client };
}

/** Returns what the app adds to each token request. */
export function tokenParams({ params }: Context, more?: Record<string, string | undefined>): Record<string, string | undefined> {
    const { extraTokenParams: extra } = params;
    return { ...(typeof extra === "function" ? extra() : extra), ...more };
}
