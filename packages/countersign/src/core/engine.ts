/** The one engine of the page. */
import { loadEngine } from "../engine/load.js";
import type { Engine } from "../engine/interface.js";
import { natives } from "../entry/natives.js";
import { state } from "../entry/state.js";
import { installInterceptors } from "./interceptors/index.js";

let engine: Promise<Engine> | undefined;

export const getEngine = (): Promise<Engine> =>
    (engine ??= loadEngine(natives).then(engine => {
        if (state.mode !== "off") {
            installInterceptors(engine);
        }
        return engine;
    }));
