/** The app's requests: ordinary code that knows nothing of DPoP. */

export type Written = { how: "fetch" | "XMLHttpRequest"; method: string; path: string; headers: [string, string][]; body: string };
export type Call = { label: string; run: (accessToken: string) => Promise<{ written: Written; status: number; answer: string }> };

export const calls: Call[] = [
    { label: "Who am I?", run: token => viaFetch("GET", "/api/me", token) },
    { label: "Add a note", run: token => viaFetch("POST", "/api/notes", token, json({ text: "Buy milk" })) },
    { label: "Change note 1", run: token => viaFetch("PUT", "/api/notes/1", token, json({ text: "Buy oat milk" })) },
    { label: "Delete note 1", run: token => viaFetch("DELETE", "/api/notes/1", token) },
    { label: "Upload a file", run: token => viaFetch("POST", "/api/files", token, file()) },
    { label: "Who am I? (XHR)", run: token => viaXhr("GET", "/api/me", token) },
    { label: "Add a note (XHR)", run: token => viaXhr("POST", "/api/notes", token, json({ text: "Call home" })) },
    { label: "An endpoint that asks for a nonce", run: token => viaFetch("POST", "/api/with-nonce", token, json({ text: "Fresh" })) }
];

type Body = { type: string | undefined; value: string | FormData; shown: string };

function json(value: unknown): Body {
    const text = JSON.stringify(value);
    return { type: "application/json", value: text, shown: text };
}

function file(): Body {
    const form = new FormData();
    form.append("file", new Blob(["Hello from the demo\n"], { type: "text/plain" }), "hello.txt");
    return { type: undefined, value: form, shown: "(FormData with hello.txt)" };
}

function headersOf(token: string, body: Body | undefined): [string, string][] {
    const headers: [string, string][] = [["Authorization", `Bearer ${token}`]];
    if (body?.type !== undefined) {
        headers.push(["Content-Type", body.type]);
    }
    return headers;
}

async function viaFetch(method: string, path: string, token: string, body?: Body) {
    const headers = headersOf(token, body);
    const response = await fetch(`${__DEMO__.api}${path}`, { method, headers, body: body?.value ?? null });
    const answer = await response.text();
    return { written: { how: "fetch", method, path, headers, body: body?.shown ?? "" } as Written, status: response.status, answer };
}

function viaXhr(method: string, path: string, token: string, body?: Body) {
    const headers = headersOf(token, body);
    return new Promise<{ written: Written; status: number; answer: string }>((resolve, reject) => {
        const xhr = new XMLHttpRequest();
        xhr.open(method, `${__DEMO__.api}${path}`);
        for (const [name, value] of headers) {
            xhr.setRequestHeader(name, value);
        }
        xhr.onload = () =>
            resolve({
                written: { how: "XMLHttpRequest", method, path, headers, body: body?.shown ?? "" },
                status: xhr.status,
                answer: xhr.responseText
            });
        xhr.onerror = () => reject(new Error(`${method} ${path} got no answer. Is the API running?`));
        xhr.send(body?.value ?? null);
    });
}
