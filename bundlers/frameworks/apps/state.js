"use client";
import { createElement, useEffect, useState } from "react";
import { createOidc } from "countersign/core";

// The server runs this module too, and nobody waits for the promise there.
let client;
const getClient = () => (client ??= createOidc({ issuerUri: "http://localhost:1", clientId: "app" }));
typeof document === "undefined" && getClient();

export function State() {
    const [state, setState] = useState("rendered on the server");
    useEffect(() => {
        getClient().then(oidc => setState(`out: ${oidc.initializationError?.code}`), error => setState(`rejected: ${error.code}`));
    }, []);
    return createElement("p", { id: "state" }, state);
}
