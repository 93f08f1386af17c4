/** What the behaviours share. Runs in the page; uses nothing that a driver or browser would have to offer. */

export const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

/** Describes what was thrown, or a value. */
export const described = error =>
    error !== null && typeof error === "object" && "message" in error
        ? `${Object.prototype.toString.call(error)} ${error.constructor.name} ${error.name}: ${error.message}`
        : `value ${String(error)}`;

export function thrown(call) {
    try {
        const value = call();
        return `returned ${typeof value === "object" ? Object.prototype.toString.call(value) : String(value)}`;
    } catch (error) {
        return described(error);
    }
}

/** Describes how a promise has settled; a response by everything that the page can read of it. */
export const settled = promise =>
    promise.then(
        async response =>
            response instanceof Response
                ? {
                      ...plainly(response, ["type", "url", "redirected", "status", "ok", "statusText", "bodyUsed"]),
                      headers: [...response.headers].filter(([name]) => !/^(date|connection|keep-alive|dpop-nonce|set-cookie)$/.test(name)),
                      text: await response.text().catch(described)
                  }
                : String(response),
        described
    );

export const plainly = (object, names) => Object.fromEntries(names.map(name => [name, String(object[name])]));

const EVENTS = ["readystatechange", "loadstart", "progress", "abort", "error", "load", "timeout", "loadend"];

/** Opens an XHR that carries the token; `events` gets everything that it fires. */
export function opened({ token }, method, url, { upload = true, headers = {}, Xhr = XMLHttpRequest, detail = false } = {}) {
    const xhr = new Xhr();
    const events = [];
    const note = text => events.at(-1) === text || events.push(text);
    for (const type of EVENTS) {
        xhr.addEventListener(type, event => {
            const more = detail ? ` ${event.loaded} ${event.total} ${event.lengthComputable} ${event.target === xhr} ${event.bubbles} ${event.cancelable} ${event.constructor.name}` : "";
            note(type === "readystatechange" ? `state ${xhr.readyState} ${xhr.status}` : type + more);
        });
    }
    // The upload is read after all listeners of the instance were added.
    for (const type of upload ? EVENTS : []) {
        xhr.upload.addEventListener(type, event =>
            // How often progress is told depends on the time.
            note(type === "progress" ? "upload progress" : `upload ${type} ${event.loaded} ${event.total} ${event.lengthComputable}`)
        );
    }
    xhr.open(method, url);
    xhr.setRequestHeader("Authorization", `Bearer ${token}`);
    for (const [name, value] of Object.entries(headers)) {
        xhr.setRequestHeader(name, value);
    }
    return { xhr, events, note, ended: new Promise(resolve => xhr.addEventListener("loadend", () => setTimeout(resolve, 15))) };
}

/** Describes an XHR by everything that the page can read of it. */
export function state(xhr) {
    const read = name => {
        try {
            const value = xhr[name];
            return typeof value === "object" && value !== null ? Object.prototype.toString.call(value) : String(value);
        } catch (error) {
            return described(error);
        }
    };
    const names = ["readyState", "status", "statusText", "responseURL", "responseType", "response", "responseText", "responseXML", "timeout", "withCredentials"];
    const headers = xhr.getAllResponseHeaders().split("\r\n").filter(line => !/^(date|connection|keep-alive|dpop-nonce|set-cookie):/.test(line));
    return { ...Object.fromEntries(names.map(name => [name, read(name)])), headers: headers.join("|") };
}

/** Values that tell in `log` when they are converted. */
export const telling = (log, name, value) => ({
    toString() {
        log.push(name);
        return value;
    }
});
