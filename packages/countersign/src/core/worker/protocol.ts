/**
 * What a page and its dedicated worker say to each other. Lists, because nothing is looked up on a
 * prototype when they are read.
 */
import type { End, ObservedResponse } from "../../engine/interface.js";

/**
 * The member by which messages to the worker itself are recognised. Its value is a list: the client's
 * number and an access token of it. The first message of a client has a port too.
 */
export const HELLO = "countersign/worker";

/** From the worker. `id` is that of the answer. */
export type Question =
    | readonly [id: number, what: "authorize", method: string, origin: string, path: string, token: string]
    | readonly [id: number, what: "observe", attempt: number, response: ObservedResponse, isReplayable: boolean, end: End | undefined]
    | readonly [id: 0, what: "release", attempt: number];

/** From the page, through the port: it has a proof or an error or neither. */
export type Answer = readonly [id: number, proof: string | undefined, attempt: number | undefined, error: string | undefined];
