/** What both entry points export, apart from the engine that they load. */
export { extractRequestAuthContext, type AnyRequest, type RequestAuthContext as ParseAnyRequestResult } from "./extractRequestAuthContext.js";
export { authenticateIncoming, expressAuth, fastifyAuth, honoAuth, type NodeRequest, type NodeResponse } from "./middleware.js";
export type {
    DecodedAccessToken_RFC9068,
    OidcSpaUtils,
    OidcSpaUtilsBuilder,
    ParamsOfBootstrap,
    ValidateAndDecodeAccessToken,
    ZodSchemaLike
} from "./oidcSpa.js";
export type { NonceIssuer, NonceStatus, ReplayStore, ResourceServerOptions, SignatureAlgorithm } from "./options.js";
export type { Metadata } from "./engine.js";
export type { RawRequest } from "./rawRequest.js";
export { redisReplayStore, type IoRedis, type NodeRedis, type RedisReplayStoreOptions } from "./redis.js";
export type { Accepted, Claims, Decision, Demands, Refused, ResourceServer } from "./resourceServer.js";
