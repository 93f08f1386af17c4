import { createFileRoute } from "@tanstack/react-router";
import { State } from "../state.js";

export const Route = createFileRoute("/")({ component: State });
