/** TanStack Router, with a route that needs a login and is preloaded when a pointer comes near. */
import type { ReactNode } from "react";
import { createRootRoute, createRoute, createRouter, Link, Outlet, RouterProvider } from "@tanstack/react-router";
import { oidcSpa, type ParamsOfBootstrap } from "countersign/react-spa";

const { bootstrapOidc, getOidc, enforceLogin, OidcInitializationGate } = oidcSpa.createUtils();

const preloads: string[] = [];
Object.assign(window, { app: { getOidc, preloads } });

const root = createRootRoute({
    component: () => (
        <>
            <Link to="/private" search={{ tab: "me" }} preload="intent" preloadDelay={0}>
                Private
            </Link>
            <Outlet />
        </>
    )
});
const home = createRoute({ getParentRoute: () => root, path: "/", component: () => <h1>Home</h1> });
const secret = createRoute({
    getParentRoute: () => root,
    path: "/private",
    validateSearch: (search: Record<string, unknown>) => ({ tab: String(search["tab"]) }),
    beforeLoad: async context => {
        preloads.push(context.cause);
        await enforceLogin(context);
    },
    loader: async () => {
        const oidc = await getOidc({ assert: "user logged in" });
        return oidc.getDecodedIdToken().sub;
    },
    component: function Private() {
        return <h1>{`Private of ${secret.useLoaderData()}, ${secret.useSearch().tab}`}</h1>;
    }
});
const router = createRouter({ routeTree: root.addChildren([home, secret]), basepath: "/tanstack" });

export function start(params: Omit<ParamsOfBootstrap.Real<false>, "implementation">): ReactNode {
    void bootstrapOidc({ implementation: "real", ...params });
    return (
        <OidcInitializationGate>
            <RouterProvider router={router} />
        </OidcInitializationGate>
    );
}
