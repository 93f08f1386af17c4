import { State } from "./state.js";
export default function Page() { return <main><State /></main>; }
