/**
 * Makes calls to an API as any app does, from a description that can come from the test's process.
 */

export type Body =
    | { kind: "json"; value: unknown }
    | { kind: "form"; fields: Record<string, string>; files: Record<string, string> }
    | { kind: "blob"; text: string; type: string }
    | { kind: "bytes"; text: string }
    | { kind: "search"; fields: Record<string, string> };

export interface Call {
    url: string;
    transport?: "fetch" | "member" | "xhr" | "request";
    method?: string;
    body?: Body;
    /** The access token; the client's own by default. */
    token?: string;
    /** More header fields. */
    headers?: Record<string, string>;
    /** One more header field of an XHR, whose name and value may be any that the platform converts. */
    field?: readonly [unknown, unknown];
}

export interface CallResult {
    status: number;
    url: string;
    text: string;
}

export async function send(call: Call): Promise<CallResult> {
    const headers: Record<string, string> = { Authorization: `Bearer ${call.token}`, ...call.headers };
    if (call.body?.kind === "json") {
        headers["Content-Type"] = "application/json";
    }
    const method = call.method ?? "GET";
    const body = call.body === undefined ? undefined : toBodyInit(call.body);
    if (call.transport === "xhr") {
        const fields = Object.entries<unknown>(headers);
        return sendByXhr(call.url, method, call.field ? [...fields, call.field] : fields, body);
    }
    const init = body === undefined ? { method, headers } : { method, headers, body };
    const response = await (call.transport === "request"
        ? fetch(new Request(call.url, init))
        : call.transport === "member"
          ? globalThis.fetch(call.url, init)
          : fetch(call.url, init));
    return { status: response.status, url: response.url, text: await response.text() };
}

function sendByXhr(
    url: string,
    method: string,
    fields: readonly (readonly [unknown, unknown])[],
    body: XMLHttpRequestBodyInit | undefined
): Promise<CallResult> {
    return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open(method, url);
        for (const [name, value] of fields) {
            request.setRequestHeader(name as string, value as string);
        }
        request.onload = () =>
            resolve({ status: request.status, url: request.responseURL, text: request.responseText });
        request.onerror = () => reject(new TypeError("the request failed"));
        request.send(body);
    });
}

function toBodyInit(body: Body): XMLHttpRequestBodyInit {
    switch (body.kind) {
        case "json":
            return JSON.stringify(body.value);
        case "blob":
            return new Blob([body.text], { type: body.type });
        case "bytes":
            return new TextEncoder().encode(body.text);
        case "search":
            return new URLSearchParams(body.fields);
        case "form": {
            const form = new FormData();
            for (const [name, value] of Object.entries(body.fields)) {
                form.append(name, value);
            }
            for (const [name, text] of Object.entries(body.files)) {
                form.append("file", new File([text], name, { type: "text/plain" }));
            }
            return form;
        }
    }
}
