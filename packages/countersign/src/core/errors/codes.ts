import type { EngineErrorCode } from "../../engine/codes.js";

/** Every `code` of an `OidcInitializationError`, with what details its sentence is made of. Written by `cargo xtask package`: change `crates/countersign-client/src/error/catalogue.rs`. */
export type OidcErrorCode =
    | EngineErrorCode
    /** `createOidc` was called where there is no page: in server-side rendering, a worker, or a test without a browser. [] */
    | "not_in_browser"
    /** `oidcEarlyInit` was not called. Either the Vite plugin is not there, or it is and found no HTML page to put the call in, as in frameworks that render their pages themselves. [] */
    | "early_init_missing"
    /** The page has two copies of the package, and early init of the other one ran first. `oidcEarlyInit` throws it, too. [] */
    | "second_copy"
    /** `createOidc` has no such option. [name] */
    | "option_unknown"
    /** An option of oidc-spa that would weaken the app. [name] */
    | "option_unsupported"
    /** An option is missing or has a wrong value. [name or "", value, expected or ""] */
    | "option_invalid"
    /** Neither early init nor `createOidc` was told where the app is served. [] */
    | "base_url_missing"
    /** The place to return to is not in the app. [url, home] */
    | "redirect_url_invalid"
    /** No answer in the hidden iframe: framing is forbidden, the redirect URI is not registered, or the server shows a page. [redirect_uri] */
    | "iframe_timeout"
    /** The session at the authorization server has ended, twice within seconds. [] */
    | "session_ended"
    /** The app's own code threw: a callback, or a getter of an option. Its error is the `cause`. [option or "", message or ""] */
    | "callback_failed"
    /** An error of another kind: a file of the package could not be loaded. [message] */
    | "unexpected";
