/** One client of the page: its engine, its handle there, and its settings. */
import type { Bare, ClientHandle, Engine, Mode } from "../engine/interface.js";
import { own } from "../page/own.js";
import { askApp } from "./errors/failure.js";
import type { OptionName } from "./errors/optionWords.js";
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
        metadata: params.__metadata && askApp("__metadata", () => own(params.__metadata))
    });
    return { __proto__: null, ...settings, engine, client };
}

/** Parameters that the app adds to a request. */
export type AppParameters = Record<string, string | undefined>;

/**
 * Returns parameters as texts. `given`: an option of the app, whose getters are read here, or which
 * is called with `argument`.
 */
export const readParameters = <A>(
    option: OptionName,
    given: AppParameters | ((argument: A) => AppParameters) | null | undefined,
    argument: A
): AppParameters =>
    askApp(option, () => {
        const parameters = own(typeof given === "function" ? given(argument) : given);
        for (const name of Object.keys(parameters)) {
            const value: unknown = parameters[name];
            parameters[name] = value === null || value === undefined ? undefined : `${value}`;
        }
        return parameters;
    });

/** Returns what the app adds to each token request. `more`: what it adds to this one. */
export const tokenParams = ({ params }: Context, more?: AppParameters): AppParameters => ({
    ...readParameters("extraTokenParams", params.extraTokenParams, undefined),
    ...more
});
