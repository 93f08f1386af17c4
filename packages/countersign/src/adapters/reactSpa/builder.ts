/** `oidcSpa`: says what an app expects of its client, and makes the functions for it. */
import type { CreateUser, Oidc } from "../../core/types.js";
import type { OidcSpaUtils } from "./types.js";
import { createUtils, type Expected } from "./utils.js";

type Claims = Record<string, unknown>;
type Method = "withAutoLogin" | "withExpectedDecodedIdTokenShape" | "withUser" | "createUtils";
/** `T` for an argument that must not decide what `T` is. */
type Fixed<T> = [T][T extends unknown ? 0 : never];

export type OidcSpaUtilsBuilder<
    AutoLogin extends boolean = false,
    DecodedIdToken extends Claims = Oidc.Tokens.DecodedIdToken_OidcCoreSpec,
    User = never,
    Called extends Method = never
> = Omit<
    {
        /** The whole app needs a login: `useOidc` and `getOidc` return logged-in clients only. */
        withAutoLogin: () => OidcSpaUtilsBuilder<true, DecodedIdToken, User, Called | "withAutoLogin">;
        withExpectedDecodedIdTokenShape: <DecodedIdToken extends Claims>(params: {
            /** A zod schema, or anything that checks the id_token's claims and returns those that the app wants. */
            decodedIdTokenSchema: { parse: (decodedIdToken_original: Oidc.Tokens.DecodedIdToken_OidcCoreSpec) => DecodedIdToken };
            /** The claims with `implementation: "mock"`. */
            decodedIdToken_mock?: Fixed<DecodedIdToken>;
        }) => OidcSpaUtilsBuilder<AutoLogin, DecodedIdToken, User, Called | "withExpectedDecodedIdTokenShape">;
        /** Gives components the app's own `user`, which `createUser` makes of the tokens. */
        withUser: <User>(params: {
            createUser: CreateUser<User>;
            /** The user with `implementation: "mock"`. */
            user_mock?: Fixed<User>;
        }) => OidcSpaUtilsBuilder<AutoLogin, DecodedIdToken, User, Called | "withUser">;
        createUtils: () => OidcSpaUtils<AutoLogin, DecodedIdToken, User>;
    },
    Called
>;

const builder = (expected: Expected): unknown => ({
    withAutoLogin: () => builder({ ...expected, autoLogin: true }),
    withExpectedDecodedIdTokenShape: (shape: Expected) => builder({ ...expected, ...shape }),
    withUser: (user: Expected) => builder({ ...expected, ...user }),
    createUtils: () => createUtils(expected)
});

export const oidcSpa = builder({}) as OidcSpaUtilsBuilder;
