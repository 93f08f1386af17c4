/**
 * What each option of `createOidc` must be, in words; `params.ts` checks it. Loaded with the
 * sentences.
 */

const parameters = "an object whose values are strings or numbers, or a function that returns one";
const flag = "true or false";

export const OPTIONS = {
    issuerUri: "the URL of the authorization server, or its path if it is on this origin, as a string without query and fragment",
    clientId: "the id that the client is registered with",
    scopes: `an array of strings, like ["profile"]`,
    transformUrlBeforeRedirect: "a function that returns the URL",
    extraQueryParams: parameters,
    extraTokenParams: parameters,
    decodedIdTokenSchema: "an object with a function parse, like a zod schema",
    idleSessionLifetimeInSeconds: "a number of seconds above 0",
    autoLogoutParams: `{ redirectTo: "home" }, { redirectTo: "current page" } or { redirectTo: "specific url", url: "/bye" }`,
    autoLogin: flag,
    sessionRestorationMethod: `"auto", "iframe" or "full page redirect"`,
    debugLogs: flag,
    __metadata: "an object with members of a discovery document",
    BASE_URL: `the path of the app on this origin from "/" on, like "/app/"`,
    postLoginRedirectUrl: "a URL in the app, as a string",
    disableDPoP: "true, for Bearer tokens, or left out"
};

export type OptionName = keyof typeof OPTIONS;
