/**
 * The test app: creates the clients that `/config.json` names, and lets the test drive them through
 * `window.harness`. Its calls are like any app's: `Authorization: Bearer <token>`, by `fetch` or by
 * `XMLHttpRequest`.
 */
import { createOidc, type Oidc, type ParamsOfCreateOidc } from "countersign/core";
import { send, type Call, type CallResult } from "./calls";

type Params = ParamsOfCreateOidc;

interface Config {
    /** Parameters by a name that only the test uses. */
    clients: Record<string, Params>;
    /** Each client is created when the one before it has settled. */
    isOneByOne?: boolean;
}

/** An error as the test sees it. */
interface Failure {
    name: string;
    code: string | undefined;
    message: string;
}

type Outcome =
    | { isUserLoggedIn: true; sub: string }
    | { isUserLoggedIn: false; initializationError?: Failure }
    | { rejected: Failure };

const oidcs = new Map<string, Oidc>();

const harness = {
    oidcs,
    createOidc,
    send,
    /** How each client of the configuration settled; `undefined` until all have. */
    outcomes: undefined as Record<string, Outcome> | undefined,
    failureOf,

    async create(params: Params): Promise<Outcome> {
        return outcomeOf(() => createOidc(params)).then(([outcome]) => outcome);
    },

    loggedIn(name = "main"): Oidc.LoggedIn {
        const oidc = oidcs.get(name);
        if (oidc?.isUserLoggedIn !== true) {
            throw new Error(`${name} is not logged in: ${JSON.stringify(harness.outcomes)}`);
        }
        return oidc;
    },

    login(name = "main", params: Parameters<Oidc.NotLoggedIn["login"]>[0] = {}): Promise<never> {
        const oidc = oidcs.get(name);
        if (oidc?.isUserLoggedIn !== false) {
            throw new Error(`${name} is not logged out: ${JSON.stringify(harness.outcomes)}`);
        }
        return oidc.login(params);
    },

    async tokens(name = "main") {
        const { accessToken, idToken, refreshToken, issuedAtTime, accessTokenExpirationTime } =
            await harness.loggedIn(name).getTokens();
        return { accessToken, idToken, refreshToken, issuedAtTime, accessTokenExpirationTime };
    },

    /**
     * Makes one call to an API, with the client's current access token unless the call names
     * another.
     */
    async call(call: Call, name = "main"): Promise<CallResult> {
        return send({ token: call.token ?? (await harness.tokens(name)).accessToken, ...call });
    },

    /** Makes the same call `times` times at once, and returns the statuses. */
    async burst(call: Call, times: number, name = "main"): Promise<number[]> {
        const token = (await harness.tokens(name)).accessToken;
        const results = await Promise.all(Array.from({ length: times }, () => send({ token, ...call })));
        return results.map(({ status }) => status);
    }
};

export type Harness = typeof harness;

declare global {
    interface Window {
        harness: Harness;
    }
}

window.harness = harness;

function failureOf(error: unknown): Failure {
    const { name, code, message } = error as Failure;
    return { name, code, message };
}

async function outcomeOf(create: () => Promise<Oidc>): Promise<[Outcome, Oidc | undefined]> {
    try {
        const oidc = await create();
        if (oidc.isUserLoggedIn) {
            return [{ isUserLoggedIn: true, sub: String(oidc.getDecodedIdToken()["sub"]) }, oidc];
        }
        const { initializationError } = oidc;
        const failure = initializationError === undefined ? {} : { initializationError: failureOf(initializationError) };
        return [{ isUserLoggedIn: false, ...failure }, oidc];
    } catch (error) {
        return [{ rejected: failureOf(error) }, undefined];
    }
}

async function start(): Promise<void> {
    const config = (await (await fetch("/config.json")).json()) as Config;
    let previous: Promise<unknown> = Promise.resolve();
    const outcomes = await Promise.all(
        Object.entries(config.clients).map(async ([name, params]) => {
            const creating = (config.isOneByOne === true ? previous : Promise.resolve()).then(() => outcomeOf(() => createOidc(params)));
            previous = creating;
            const [outcome, oidc] = await creating;
            if (oidc !== undefined) {
                oidcs.set(name, oidc);
            }
            return [name, outcome] as const;
        })
    );
    harness.outcomes = Object.fromEntries(outcomes);
}

void start();
