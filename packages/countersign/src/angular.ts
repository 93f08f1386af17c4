/** A service, an interceptor and a guard for Angular 18 and newer. */
export {
    AbstractOidcService,
    OidcAccessedTooEarlyError,
    type ParamsOfProvide,
    type ParamsOfProvideMock,
    type ReadonlyBehaviorSubject
} from "./adapters/angular.js";
