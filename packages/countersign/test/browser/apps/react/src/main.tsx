/** What the tests of `countersign/react-spa` need of React. The path chooses one of three apps. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

const config = await (await fetch("/config.json")).json();
const apps = {
    auto: () => import("./auto"),
    hooks: () => import("./hooks"),
    tanstack: () => import("./tanstack")
};
const { start } = await apps[location.pathname.split("/")[1] as keyof typeof apps]();
createRoot(document.querySelector("#root")!).render(<StrictMode>{start(config.clients.main)}</StrictMode>);
