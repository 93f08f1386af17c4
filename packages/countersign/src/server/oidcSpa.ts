/**
 * The names and shapes of `oidc-spa/server`: an app moves by its import. Every decision is the
 * engine's.
 */
import type { ReplayStore, ResourceServerOptions } from "./options.js";
import type { Refused, ResourceServer } from "./resourceServer.js";

/** Claims of an access token (RFC 9068). */
export type DecodedAccessToken_RFC9068 = {
    iss: string;
    sub: string;
    aud: string | string[];
    exp: number;
    iat: number;
    client_id?: string;
    scope?: string;
    jti?: string;
    nbf?: number;
    auth_time?: number;
    cnf?: Record<string, unknown>;
    [key: string]: unknown;
};

/** A schema of zod, or anything with its `parse`. */
export type ZodSchemaLike<Input, Output> = { parse: (input: Input) => Output };

export type ValidateAndDecodeAccessToken<DecodedAccessToken> = (
    params: ValidateAndDecodeAccessToken.Params
) => Promise<ValidateAndDecodeAccessToken.ReturnType<DecodedAccessToken>>;
export declare namespace ValidateAndDecodeAccessToken {
    type Params = Params.Bearer | Params.DPoP;
    namespace Params {
        type Common = { accessToken: string };
        /** A token that is bound to a key is refused, whatever `rejectIfAccessTokenDPoPBound` says. */
        type Bearer = Common & { scheme: "Bearer"; rejectIfAccessTokenDPoPBound: boolean };
        /** Without `expectedHtu` or `expectedHtm` the request is refused. */
        type DPoP = Common & {
            scheme: "DPoP";
            dpopProof: string;
            expectedHtu: string | undefined;
            expectedHtm: string | undefined;
        };
    }
    type ReturnType<DecodedAccessToken> =
        | (ReturnType.Success<DecodedAccessToken> & { errorCause?: never; debugErrorMessage?: never })
        | (ReturnType.Errored & { decodedAccessToken?: never; decodedAccessToken_original?: never; accessToken?: never });
    namespace ReturnType {
        type Success<DecodedAccessToken> = {
            isSuccess: true;
            decodedAccessToken: DecodedAccessToken;
            decodedAccessToken_original: DecodedAccessToken_RFC9068;
            accessToken: string;
        };
        type Errored = {
            isSuccess: false;
            errorCause: "validation error" | "validation error - access token expired" | "validation error - invalid signature";
            debugErrorMessage: string;
            /** The refused request, with the response that the RFC asks for; not if only your schema refused it. */
            refused?: Refused;
        };
    }
}

export type ParamsOfBootstrap<DecodedAccessToken> = ParamsOfBootstrap.Real | ParamsOfBootstrap.Mock<DecodedAccessToken>;
export declare namespace ParamsOfBootstrap {
    type Real = {
        implementation: "real";
        issuerUri: string;
        /** Without an audience every token of the issuer would open this API: `undefined` is refused. */
        expectedAudience: string | undefined;
        /** Where several processes remember used proofs: `redisReplayStore(client)`. */
        replayStore?: ReplayStore;
        /** Further options of {@link ResourceServerOptions}. */
        options?: Omit<ResourceServerOptions, "issuer" | "audience" | "publicUrl" | "pathPrefixes" | "metadata" | "replayStore">;
    };
    type Mock<DecodedAccessToken> = Mock.DecodeOnly | Mock.UseStaticIdentity<DecodedAccessToken>;
    namespace Mock {
        type Common = {
            implementation: "mock";
            /** A mock is refused where `NODE_ENV` is `"production"`, unless this is `true`: everyone is let in. */
            dangerousMockInProduction?: boolean;
        };
        type DecodeOnly = Common & { behavior: "decode only" };
        type UseStaticIdentity<DecodedAccessToken> = Common & {
            behavior: "use static identity";
            decodedAccessToken_mock: DecodedAccessToken;
            decodedAccessToken_original_mock?: DecodedAccessToken_RFC9068;
            accessToken_mock?: string;
        };
    }
}

export type OidcSpaUtils<DecodedAccessToken> = {
    bootstrapAuth: (params: ParamsOfBootstrap<DecodedAccessToken>) => Promise<void>;
    validateAndDecodeAccessToken: ValidateAndDecodeAccessToken<DecodedAccessToken>;
    ofTypeDecodedAccessToken: DecodedAccessToken;
};

export type OidcSpaUtilsBuilder<
    DecodedAccessToken extends Record<string, unknown> = DecodedAccessToken_RFC9068,
    ExcludedMethod extends "withExpectedDecodedAccessTokenShape" | "createUtils" = never
> = Omit<
    {
        withExpectedDecodedAccessTokenShape: <DecodedAccessToken extends Record<string, unknown>>(params: {
            decodedAccessTokenSchema: ZodSchemaLike<DecodedAccessToken_RFC9068, DecodedAccessToken>;
        }) => OidcSpaUtilsBuilder<DecodedAccessToken, ExcludedMethod | "withExpectedDecodedAccessTokenShape">;
        createUtils: () => OidcSpaUtils<DecodedAccessToken>;
    },
    ExcludedMethod
>;

/** The request that a Bearer token came with does not matter. */
const ANY_URI = "https://nowhere.invalid/";

const CAUSES: Record<string, ValidateAndDecodeAccessToken.ReturnType.Errored["errorCause"]> = {
    TokenExpired: "validation error - access token expired",
    TokenSignature: "validation error - invalid signature",
    TokenUnknownKey: "validation error - invalid signature"
};

const errored = (debugErrorMessage: string, refused?: Refused): ValidateAndDecodeAccessToken.ReturnType.Errored => ({
    isSuccess: false,
    errorCause: (refused && CAUSES[refused.name]) ?? "validation error",
    debugErrorMessage,
    ...(refused && { refused })
});

/** Reads a token's claims without any check, for the mock. */
const decode = (accessToken: string): DecodedAccessToken_RFC9068 => {
    const payload = accessToken.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), one => one.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as DecodedAccessToken_RFC9068;
};

const HERE = "countersign/server: bootstrapAuth";

interface Named {
    implementation?: unknown;
    behavior?: unknown;
}

const shown = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : typeof value);

/** A mock lets everyone in: it is never quiet, and not for production. */
const allowMock = ({ dangerousMockInProduction }: ParamsOfBootstrap.Mock.Common): void => {
    const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
    if (process?.env?.["NODE_ENV"] === "production" && dangerousMockInProduction !== true) {
        throw new TypeError(`${HERE} starts no mock while NODE_ENV is "production"; \`dangerousMockInProduction: true\` lets everyone in`);
    }
    console.error("countersign: bootstrapAuth has started a mock for development: NO ACCESS TOKEN IS CHECKED, everyone is let in");
};

/** How long a call waits for `bootstrapAuth`, in milliseconds. */
const PATIENCE = 10_000;

/** `undefined`: it has not come. */
const inTime = async <T>(coming: Promise<T>): Promise<T | undefined> => {
    let timer: ReturnType<typeof setTimeout>;
    const late = new Promise<undefined>(resolve => (timer = setTimeout(() => resolve(undefined), PATIENCE)));
    return Promise.race([coming, late]).finally(() => clearTimeout(timer));
};

type Start = (options: ResourceServerOptions) => ResourceServer;
type Params = ValidateAndDecodeAccessToken.Params;

const createUtils = <DecodedAccessToken extends Record<string, unknown>>(
    start: Start,
    schema: ZodSchemaLike<DecodedAccessToken_RFC9068, DecodedAccessToken> | undefined
): OidcSpaUtils<DecodedAccessToken> => {
    type Result = ValidateAndDecodeAccessToken.ReturnType<DecodedAccessToken>;
    let isCalled = false;
    let settle: (validate: (params: Params) => Promise<Result>) => void;
    const validator = new Promise<(params: Params) => Promise<Result>>(resolve => (settle = resolve));

    const succeed = (original: DecodedAccessToken_RFC9068, accessToken: string): Result => {
        try {
            const decodedAccessToken = schema ? schema.parse(original) : (original as unknown as DecodedAccessToken);
            return { isSuccess: true, decodedAccessToken, decodedAccessToken_original: original, accessToken };
        } catch (error) {
            return errored(`the access token's claims have another shape than decodedAccessTokenSchema: ${error}`);
        }
    };

    const real = ({ issuerUri, expectedAudience, replayStore, options }: ParamsOfBootstrap.Real) => {
        const server = start({
            dpop: "optional",
            accessTokens: { types: "lenient" },
            ...options,
            issuer: issuerUri,
            audience: expectedAudience ?? "",
            replayStore
        });
        return async (params: Params): Promise<Result> => {
            const { accessToken, scheme } = params;
            if (scheme === "DPoP" && ((params.expectedHtu ?? undefined) === undefined || (params.expectedHtm ?? undefined) === undefined)) {
                return errored("a proof is for one method and URL: give expectedHtm and expectedHtu, as extractRequestAuthContext does");
            }
            const decision = await server.decide({
                method: scheme === "DPoP" ? params.expectedHtm! : "GET",
                uri: scheme === "DPoP" ? params.expectedHtu! : ANY_URI,
                authorization: [`${scheme} ${accessToken}`],
                // A field that the request lacks: the engine says so, with the challenge.
                dpop: scheme === "DPoP" && ((params.dpopProof as string | null | undefined) ?? undefined) !== undefined ? [params.dpopProof] : []
            });
            return decision.isAccepted
                ? succeed(decision.claims as unknown as DecodedAccessToken_RFC9068, accessToken)
                : errored(decision.reason, decision);
        };
    };

    const mock = (params: ParamsOfBootstrap.Mock<DecodedAccessToken>): ((params: Params) => Promise<Result>) => {
        switch (params.behavior) {
            case "decode only":
                return async ({ accessToken }) => {
                    try {
                        return succeed(decode(accessToken), accessToken);
                    } catch (error) {
                        return errored(`the access token can't be decoded: ${error}`);
                    }
                };
            case "use static identity": {
                const { decodedAccessToken_mock: decodedAccessToken, decodedAccessToken_original_mock: original, accessToken_mock } = params;
                if (typeof decodedAccessToken !== "object" || decodedAccessToken === null) {
                    throw new TypeError(`${HERE} takes \`decodedAccessToken_mock\`, the claims of everyone, with this behavior`);
                }
                return async ({ accessToken }) => ({
                    isSuccess: true,
                    decodedAccessToken,
                    decodedAccessToken_original: original ?? (decodedAccessToken as unknown as DecodedAccessToken_RFC9068),
                    accessToken: accessToken_mock ?? accessToken
                });
            }
            default:
                throw new TypeError(`${HERE} takes \`behavior\`: "decode only" or "use static identity", not ${shown((params as Named).behavior)}`);
        }
    };

    /** What is missing or spelled in another way must not become a mock. */
    const implement = (params: ParamsOfBootstrap<DecodedAccessToken>): ((params: Params) => Promise<Result>) => {
        switch (params.implementation) {
            case "real":
                return real(params);
            case "mock": {
                const validate = mock(params);
                allowMock(params);
                return validate;
            }
            default:
                throw new TypeError(`${HERE} takes \`implementation\`: "real" or "mock", not ${shown((params as Named).implementation)}`);
        }
    };

    return {
        bootstrapAuth: async params => {
            if (isCalled) {
                throw new TypeError(`${HERE} was called before: what checks tokens never changes; take other utils by createUtils()`);
            }
            isCalled = true;
            try {
                // What others may have put on the prototype of all objects is no parameter.
                settle(implement(Object.assign(Object.create(null), params)));
            } catch (error) {
                settle(async () => errored("bootstrapAuth failed, so no access token is accepted: see its error"));
                throw error;
            }
        },
        validateAndDecodeAccessToken: async params => {
            const validate = isCalled ? await validator : await inTime(validator);
            return validate ? validate(params) : errored("bootstrapAuth was not called: call it when the program starts");
        },
        // For `typeof` alone.
        ofTypeDecodedAccessToken: undefined as unknown as DecodedAccessToken
    };
};

/** Returns the builder of `oidc-spa/server`. */
export const makeOidcSpa = (start: Start): OidcSpaUtilsBuilder<DecodedAccessToken_RFC9068, never> => {
    const builder = <T extends Record<string, unknown>>(schema: ZodSchemaLike<DecodedAccessToken_RFC9068, T> | undefined) => ({
        withExpectedDecodedAccessTokenShape: <U extends Record<string, unknown>>({
            decodedAccessTokenSchema
        }: {
            decodedAccessTokenSchema: ZodSchemaLike<DecodedAccessToken_RFC9068, U>;
        }) => builder(decodedAccessTokenSchema) as OidcSpaUtilsBuilder<U, "withExpectedDecodedAccessTokenShape">,
        createUtils: () => createUtils(start, schema)
    });
    return builder<DecodedAccessToken_RFC9068>(undefined);
};
