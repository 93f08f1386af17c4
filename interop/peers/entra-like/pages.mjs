/**
 * The pages that users see. "Troubleshoot CORS issues with Microsoft Entra ID" shows
 * `X-Frame-Options: DENY` on them.
 */

export function page(response, status, text, body = "") {
    response.writeHead(status, {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store, no-cache",
        "X-Frame-Options": "DENY"
    });
    response.end(`<!doctype html><html lang="en"><title>Sign in</title><p>${escape(text)}</p>${body}</html>`);
}

/** Sends the account picker, with one account. */
export function loginPage(response, { action, request, user }) {
    const form =
        `<form method="post" action="${escape(action)}">` +
        `<input type="hidden" name="request" value="${escape(request)}">` +
        `<button>${escape(user.name)} ${escape(user.username)}</button></form>`;
    page(response, 200, "Pick an account", form);
}

function escape(text) {
    return text.replace(/[&<>"']/g, character => `&#${character.codePointAt(0)};`);
}
