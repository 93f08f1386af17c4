/** What MSW puts in the place of `fetch` and `XMLHttpRequest` where it has no service worker. */
import { BatchInterceptor } from "@mswjs/interceptors";
import browser from "@mswjs/interceptors/presets/browser";

const interceptor = new BatchInterceptor({ name: "test", interceptors: browser });
window.intercepted = [];
interceptor.on("request", ({ request, controller }) => {
    const { pathname } = new URL(request.url);
    window.intercepted.push({ pathname, authorization: request.headers.get("authorization"), dpop: request.headers.has("dpop") });
    if (pathname === "/mocked") {
        controller.respondWith(new Response("mocked", { status: 202, headers: { "x-mocked": "yes" } }));
    }
});
interceptor.apply();
