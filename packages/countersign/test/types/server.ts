/** Moving over from oidc-spa/server is a change of import. */
import type * as reference from "oidc-spa/server";
import type { oidcSpa as referenceOidcSpa, extractRequestAuthContext as referenceExtract } from "oidc-spa/server";
import {
    extractRequestAuthContext,
    oidcSpa,
    type AnyRequest,
    type DecodedAccessToken_RFC9068,
    type OidcSpaUtils,
    type ParamsOfBootstrap,
    type ParseAnyRequestResult,
    type ValidateAndDecodeAccessToken
} from "countersign/server";
import type { Expect, IsAssignable } from "./assert.js";

type Claims = { sub: string; roles: string[] };

// Our builder and functions stand where the reference's are asked for.
export const builder: typeof referenceOidcSpa = oidcSpa;
export const extract: typeof referenceExtract = extractRequestAuthContext;

// An app's code, as the reference's README writes it.
const decodedAccessTokenSchema = { parse: (input: reference.DecodedAccessToken_RFC9068): Claims => input as unknown as Claims };
export const { bootstrapAuth, validateAndDecodeAccessToken, ofTypeDecodedAccessToken } = oidcSpa
    .withExpectedDecodedAccessTokenShape({ decodedAccessTokenSchema })
    .createUtils();
export const bootstrap: (params: reference.ParamsOfBootstrap<Claims>) => Promise<void> = bootstrapAuth;
export const validate: reference.ValidateAndDecodeAccessToken<Claims> = validateAndDecodeAccessToken;
export const roles: string[] = ofTypeDecodedAccessToken.roles;
export const guard = async (request: Request): Promise<string[] | undefined> => {
    const context = extractRequestAuthContext({ request, trustProxy: true });
    if (!context?.isWellFormed) {
        return undefined;
    }
    const { isSuccess, decodedAccessToken, errorCause } = await validateAndDecodeAccessToken(context.accessTokenAndMetadata);
    if (!isSuccess) {
        const cause: "validation error" | "validation error - access token expired" | "validation error - invalid signature" = errorCause;
        return [cause];
    }
    return decodedAccessToken.roles;
};

export type Results = [
    Expect<IsAssignable<DecodedAccessToken_RFC9068, reference.DecodedAccessToken_RFC9068>>,
    Expect<IsAssignable<reference.DecodedAccessToken_RFC9068, DecodedAccessToken_RFC9068>>,
    Expect<IsAssignable<OidcSpaUtils<Claims>, reference.OidcSpaUtils<Claims>>>,
    Expect<IsAssignable<reference.ParamsOfBootstrap<Claims>, ParamsOfBootstrap<Claims>>>,
    Expect<IsAssignable<reference.ValidateAndDecodeAccessToken.Params, ValidateAndDecodeAccessToken.Params>>,
    Expect<IsAssignable<ValidateAndDecodeAccessToken.ReturnType<Claims>, reference.ValidateAndDecodeAccessToken.ReturnType<Claims>>>,
    Expect<IsAssignable<reference.AnyRequest, AnyRequest>>,
    Expect<IsAssignable<AnyRequest, reference.AnyRequest>>,
    Expect<IsAssignable<ParseAnyRequestResult, reference.ParseAnyRequestResult>>
];

// @ts-expect-error The shape is chosen once.
oidcSpa.withExpectedDecodedAccessTokenShape({ decodedAccessTokenSchema }).withExpectedDecodedAccessTokenShape({ decodedAccessTokenSchema });
