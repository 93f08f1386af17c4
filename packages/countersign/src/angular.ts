/** A service, an interceptor and a guard for Angular: written for 18 and newer, tested with 21. */
export {
    AbstractOidcService,
    OidcAccessedTooEarlyError,
    type ParamsOfProvide,
    type ParamsOfProvideMock,
    type ReadonlyBehaviorSubject
} from "./adapters/angular.js";
