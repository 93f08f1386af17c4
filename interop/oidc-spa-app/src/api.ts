/**
 * Calls to the notes API. They are unaware of DPoP and send `Authorization: Bearer`, as in any app.
 */
import type { Oidc } from "oidc-spa/core";
import { config } from "./config";
import type { Claims } from "./oidc";

export type Note = { id: number; text: string };

type User = Oidc.LoggedIn<Claims>;

async function fetchAs(user: User, path: string, init: RequestInit = {}): Promise<Response> {
    const { accessToken } = await user.getTokens();
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${accessToken}`);
    const response = await fetch((await config).api + path, { ...init, headers });
    if (!response.ok) {
        throw new Error(`${init.method ?? "GET"} ${path} was answered with ${response.status}`);
    }
    return response;
}

export async function listNotes(user: User): Promise<Note[]> {
    return (await fetchAs(user, "/api/notes")).json();
}

export async function addNote(user: User, text: string): Promise<void> {
    await fetchAs(user, "/api/notes", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ text })
    });
}

/** Calls as HTTP libraries built on XMLHttpRequest do. */
export async function whoAmI(user: User): Promise<string> {
    const { accessToken } = await user.getTokens();
    const { api } = await config;
    return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open("GET", `${api}/api/me`);
        request.responseType = "json";
        request.setRequestHeader("Authorization", `Bearer ${accessToken}`);
        request.onload = () =>
            request.status === 200
                ? resolve((request.response as { sub: string }).sub)
                : reject(new Error(`GET /api/me was answered with ${request.status}`));
        request.onerror = () => reject(new Error("GET /api/me was not answered"));
        request.send();
    });
}
