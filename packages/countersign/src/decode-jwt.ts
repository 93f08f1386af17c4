/** Reads the claims of a JWT without verifying it, as an app does to show who is logged in. */
export {
    decodeJwt,
    InvalidTokenError,
    type JwtDecodeOptions,
    type JwtHeader,
    type JwtPayload
} from "./adapters/decodeJwt.js";
