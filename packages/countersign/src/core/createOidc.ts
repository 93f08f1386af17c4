/**
 * One client of the page: whether a user is logged in, and what the app can do about it.
 *
 * A session comes from the response that the page came back with, or is looked for without asking
 * the user. The engine decides what is believed; this module decides when to ask it, and how to
 * leave the page and come back.
 */
import type { State } from "../entry/state.js";
import { makeContext, type Context } from "./context.js";
import type { EngineSlot } from "./engineSlot.js";
import { failure, isEngineError, readHow, tell, toFailure } from "./errors/failure.js";
import type { OidcErrorCode } from "./errors/codes.js";
import type { OidcInitializationError } from "./errors/oidcInitializationError.js";
import { onHintOfOtherTab, writeTab } from "./memory.js";
import { never, reload } from "./navigation/leave.js";
import { leaveForLogin } from "./navigation/login.js";
import { readParams, withoutSlash, type Settings } from "./params.js";
import { announce } from "./navigation/chain.js";
import { find } from "./session/find.js";
import { loggedIn } from "./session/loggedIn.js";
import type { Oidc } from "./types.js";
import { safe } from "../page/safe.js";

/**
 * The page cannot work with this configuration: `createOidc` rejects, in each mode and at each
 * call.
 */
const FATAL: readonly OidcErrorCode[] = [
    "insecure_context",
    "engine_crashed",
    "issuer_invalid",
    "parameter_reserved",
    "dpop_unsupported",
    "token_not_bound"
];

/** `createOidc` of one early init. */
export type CreateOidc = (params: Settings["params"]) => Promise<Oidc<Record<string, unknown>>>;

/** Makes the `createOidc` of one early init. */
export const makeCreateOidc = (state: State, slot: EngineSlot): CreateOidc => {
    const created = new Map<string, Promise<Oidc<Record<string, unknown>>>>();
    return async params => {
        const settings = await safe(tell(() => readParams(params, state)));
        const isOff = settings.params.disableDPoP === true;
        // Otherwise the first call would silently decide for the others.
        if (created.has(`${!isOff} ${settings.key}`)) {
            throw await safe(failure("option_invalid", "disableDPoP", "not what the first call said"));
        }
        const name = `${isOff} ${settings.key}`;
        let oidc = created.get(name);
        if (!oidc) {
            (state.issuers ??= []).push(new URL(settings.params.issuerUri).origin);
            oidc = create(settings, state, slot);
            created.set(name, oidc);
        }
        return oidc;
    };
};

async function create(settings: Settings, state: State, slot: EngineSlot): Promise<Oidc<Record<string, unknown>>> {
    const { params, clientId, key, home, log } = settings;
    const common = { issuerUri: withoutSlash(params.issuerUri), clientId, validRedirectUri: home };
    const decide = announce(state, settings);
    let context: Context | undefined;
    let error: OidcInitializationError | undefined;
    try {
        // Early init has started to load it.
        await safe(slot.ready);
        context = makeContext(settings, slot.engine!, state.mode, params.issuerUri);
        // Discover whether or not a session is looked for: this tells whether the configuration can
        // work at all.
        let endpoint;
        try {
            endpoint = await safe(context.engine.discover(context.client));
        } catch (cause) {
            const [expected, received] = isEngineError(cause) && cause.code === "issuer_mismatch" ? cause.details : [];
            if (expected === undefined || withoutSlash(expected) !== withoutSlash(received!)) {
                throw cause;
            }
            // The issuers differ only by a slash at the end.
            context = makeContext(settings, slot.engine!, state.mode, received!);
            endpoint = await safe(context.engine.discover(context.client));
        }
        const found = await safe(find(context, state, endpoint));
        if (found) {
            log("logged in");
            return loggedIn(context, common, found);
        }
    } catch (cause) {
        error = await safe(toFailure(cause));
        if (params.autoLogin || FATAL.includes(error.code)) {
            throw error;
        }
        console.warn(error.message);
    } finally {
        decide();
    }
    log("not logged in");
    writeTab(`${key} sub`, undefined);
    onHintOfOtherTab(key, "in", reload);
    return {
        ...common,
        isUserLoggedIn: false,
        initializationError: error,
        login: how =>
            tell(async () => {
                if (!context) {
                    throw error;
                }
                const { doesCurrentHrefRequiresAuth: isReplaced, ...rest } = readHow(how);
                await safe(leaveForLogin(context, { ...rest, isReplaced }));
                return never();
            })
    };
}
