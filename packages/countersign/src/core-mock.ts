/** A client without an authorization server, for tests, Storybook and work on the user interface. */
export { createMockOidc, type ParamsOfCreateMockOidc } from "./adapters/mockOidc.js";
