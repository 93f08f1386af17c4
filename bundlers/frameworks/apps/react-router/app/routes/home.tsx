export { State as default } from "../state.js";
