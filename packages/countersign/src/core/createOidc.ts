/**
 * One client of the page: is somebody logged in, and what can be done about it.
 *
 * A session is taken from the response that the page came back with, or else looked for without asking the user. The
 * engine decides what is believed; here is decided when it is asked, and how the page is left and found again.
 */
import type { Bare, Tokens } from "../engine/interface.js";
import { own } from "../page/own.js";
import type { State } from "../entry/state.js";
import type { EngineSlot } from "./engineSlot.js";
import { failure, isEngineError, toFailure } from "./errors/failure.js";
import { leaveForLogin, never, reload, type Context } from "./navigation/leave.js";
import { loggedIn } from "./session/loggedIn.js";
import { mayTryAgain, onHintOfOtherTab, readHint, writeHint, writeTab } from "./memory.js";
import type { OidcErrorCode, OidcInitializationError } from "./errors/oidcInitializationError.js";
import { readParams, withoutSlash, type Settings } from "./params.js";
import { completeInIframe, isNobody, isSameSite, silentUrl, tokenParams } from "./navigation/iframe.js";
import type { Core } from "./start.js";
import type { Oidc } from "./types.js";

/** The page cannot go on with this configuration: `createOidc` rejects, in each mode and however often it is called. */
const FATAL: readonly OidcErrorCode[] = [
    "insecure_context",
    "wasm_refused",
    "engine_crashed",
    "issuer_invalid",
    "parameter_reserved",
    "dpop_unsupported",
    "token_not_bound"
];

/** Makes the `createOidc` of one early init. */
export const makeCreateOidc = (state: State, slot: EngineSlot): Core => {
    const created = new Map<string, Promise<Oidc<Record<string, unknown>>>>();
    return async params => {
        const settings = await readParams(params, state);
        const isOff = settings.params.disableDPoP === true;
        // Whoever comes first would decide for the others, unsaid.
        if (created.has(`${!isOff} ${settings.key}`)) {
            throw await failure("option_invalid", "disableDPoP", "not what the first call said");
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
    let context: Context | undefined;
    let error: OidcInitializationError | undefined;
    try {
        // Early init has begun to load it.
        await slot.ready;
        context = prepare(settings, state, slot, params.issuerUri);
        // Discovers, whether a session is looked for or not: it tells whether this configuration can work at all.
        let url;
        try {
            url = await silentUrl(context);
        } catch (cause) {
            const [expected, received] = isEngineError(cause) && cause.code === "issuer_mismatch" ? cause.details : [];
            if (expected === undefined || withoutSlash(expected) !== withoutSlash(received!)) {
                throw cause;
            }
            // The same document, but for a slash at the end of its name.
            context = prepare(settings, state, slot, received!);
            url = await silentUrl(context);
        }
        const found = (await fromResponse(context, state)) ?? (await find(context, state, url));
        if (found) {
            log("logged in");
            return loggedIn(context, common, found);
        }
    } catch (cause) {
        error = await toFailure(cause);
        if (params.autoLogin || FATAL.includes(error.code)) {
            throw error;
        }
        console.warn(error.message);
    }
    log("not logged in");
    writeTab(`${key} sub`, undefined);
    if (readHint(key) === "in" && !error) {
        writeHint(key, undefined);
    }
    onHintOfOtherTab(key, "in", reload);
    return {
        ...common,
        isUserLoggedIn: false,
        initializationError: error,
        login: async how => {
            if (!context) {
                throw error;
            }
            await leaveForLogin(context, { ...how, isReplaced: own(how).doesCurrentHrefRequiresAuth });
            return never();
        }
    };
}

/** Registers the client with the engine. */
function prepare(settings: Settings, state: State, slot: EngineSlot, issuerUri: string): Context {
    const { params, clientId } = settings;
    const engine = slot.engine!;
    const client = engine.create({
        issuerUri,
        clientId,
        scope: [...new Set(["openid", ...(params.scopes ?? ["profile"])])].join(" "),
        mode: params.disableDPoP === true ? "off" : state.mode,
        metadata: params.__metadata
    });
    return { __proto__: null, ...settings, engine, client };
}

/** How the user was found to be logged in. */
export interface Found extends Bare {
    tokens: Tokens;
    /** `undefined`: without being asked. */
    back: Oidc.LoggedIn["backFromAuthServer"];
}

/** The response that the page was opened with, if it is this client's. */
async function fromResponse(context: Context, state: State): Promise<Found | undefined> {
    const { record, response } = state;
    const { engine, client, key, params, log } = context;
    if (!record || !response || record.client !== key) {
        return undefined;
    }
    state.response = undefined;
    try {
        // Without `iss` (RFC 9207) nobody tells whose answer it is. But the page that it came from may, where that is
        // another issuer of the app's: then its code is not for this one (RFC 9700, 4.4).
        const from = document.referrer && new URL(document.referrer).origin;
        const { issuerUri } = params;
        if (from !== new URL(issuerUri).origin && state.issuers!.includes(from) && !response.some(([name]) => name === "iss")) {
            throw await failure("response_issuer_mismatch", issuerUri, from);
        }
        const tokens = await engine.complete(client, response, tokenParams(context));
        const { state: _, session_state, iss, code, ...result } = Object.fromEntries(response);
        return {
            __proto__: null,
            tokens,
            back: record.isSilent ? undefined : { extraQueryParams: record.extraQueryParams ?? {}, result }
        };
    } catch (error) {
        if (isNobody(error)) {
            log(`the authorization server answered ${error.details[0]}`);
        }
        if (isEngineError(error) && error.code === "flow_unknown") {
            // Taken up before, or too long ago.
            state.unclaimed = record.state;
        } else if (!isNobody(error) || params.autoLogin) {
            throw error;
        }
        return undefined;
    }
}

/** Looks for a session without asking the user. */
async function find(context: Context, state: State, url: string): Promise<Found | undefined> {
    const { key, method, params, log } = context;
    const hint = readHint(key);
    const { record, unclaimed } = state;
    // Coming back from the authorization server just now. Left again, the page would lose the tokens that another client
    // got there; and where the record of a redirect gets lost, it would be left again and again.
    const hasReturned = unclaimed !== undefined || record?.client !== undefined;
    if (hint !== "out") {
        const isOther = record?.client !== undefined && record.client !== key;
        if (method === "iframe" || (method === "auto" && (isOther || isSameSite(url, location.href)))) {
            log("looking for a session in a hidden iframe");
            try {
                const tokens = await completeInIframe(context, url);
                return { __proto__: null, tokens, back: undefined };
            } catch (error) {
                if ((error as OidcInitializationError).code === "iframe_timeout") {
                    // The login page may work all the same.
                    console.warn((error as Error).message);
                } else if (!isNobody(error)) {
                    throw error;
                }
            }
        } else if (hint === "in" && !hasReturned && !params.autoLogin) {
            log("looking for a session by a redirect");
            // Returns where that cannot be done.
            await leaveForLogin(context, { isSilent: true, isReplaced: true, redirectUrl: location.href });
        }
    }
    if (params.autoLogin && unclaimed !== undefined && !mayTryAgain(key)) {
        throw await failure("flow_unknown", unclaimed);
    }
    return params.autoLogin ? leaveForLogin(context, { isReplaced: true }) : undefined;
}
