/** The bodies of the hooks that early init put in place. */
import type { Engine } from "../../engine/interface.js";
import type { Hooks } from "../../entry/hooks.js";
import { fetchSlot } from "./fetch.js";
import { eventSlot, sendSlot } from "./xhr.js";

/** From here on, requests that carry a bound token of this engine go out as DPoP. */
export function installInterceptors(engine: Engine, { fillSlots, openedRequest }: Hooks): void {
    fillSlots(fetchSlot(engine), sendSlot(engine, openedRequest), eventSlot);
}
