/**
 * What crosses the boundary as a number. Written by `cargo xtask package`: change `crates/countersign-browser/src/numbers.rs`
 * or `crates/countersign-client/src/error/catalogue.rs`.
 *
 * By functions, since scripts of the page can import this module: they could change a table.
 */
import type { EngineErrorCode } from "./codes.js";

export type Question = "send" | "generate" | "sign" | "digest" | "sleep" | "keep" | "take";
export type Mode = "off" | "auto" | "enforced";

/** What the engine asks its host, each at its number. */
export type Questions<T extends Record<Question, unknown>> = readonly [T["send"], T["generate"], T["sign"], T["digest"], T["sleep"], T["keep"], T["take"]];

/**
 * How the browser goes to the authorization server: it leaves the page, and the user may be asked or is not asked
 * (`prompt=none`), or in a hidden iframe, with `prompt=none` and nothing kept outside memory.
 */
export const INTERACTIVE = 0;
export const SILENT = 1;
export const IFRAME = 2;
export type Visit = typeof INTERACTIVE | typeof SILENT | typeof IFRAME;

/** Whether tokens are to be renewed before they are used. */
export const NOT_DUE = 0;
export const DUE = 1;
export const OVERDUE = 2;
export type Renewal = typeof NOT_DUE | typeof DUE | typeof OVERDUE;

/** How long a kept login may wait for its response. */
export const FLOW_LIFETIME_MILLIS = 3600000;

export const numberOf = (mode: Mode): number => ({ __proto__: null, off: 0, auto: 1, enforced: 2 })[mode];

/** What the engine refuses with, by its number, from 1 on. */
export const causeOf = (number: number): EngineErrorCode =>
    ([
        "issuer_invalid",
        "discovery_unreachable",
        "discovery_invalid",
        "issuer_mismatch",
        "endpoint_insecure",
        "dpop_unsupported",
        "token_not_bound",
        "token_type_unknown",
        "key_failed",
        "storage_refused",
        "parameter_reserved",
        "push_unreachable",
        "push_refused",
        "push_response_invalid",
        "flow_unknown",
        "response_issuer_mismatch",
        "authorization_error",
        "response_invalid",
        "token_unreachable",
        "token_refused",
        "token_response_invalid",
        "id_token_missing",
        "id_token_malformed",
        "id_token_iss",
        "id_token_aud",
        "id_token_azp",
        "id_token_exp",
        "id_token_iat",
        "id_token_nonce",
        "id_token_sub",
        "no_refresh_token"
    ] as const)[number - 1]!;
