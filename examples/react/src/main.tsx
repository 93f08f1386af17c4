import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createBrowserRouter, Link, Outlet } from "react-router";
import { RouterProvider } from "react-router/dom";
import { AutoLogoutWarning } from "./AutoLogoutWarning";
import { Header } from "./Header";
import { call, enforceLogin, OidcInitializationGate } from "./oidc";
import { Profile } from "./Profile";

const router = createBrowserRouter([
    {
        element: (
            <>
                <Header />
                <nav>
                    <Link to="/">Home</Link> <Link to="/profile?tab=me">Profile</Link>
                </nav>
                <Outlet />
                <AutoLogoutWarning />
            </>
        ),
        children: [
            { index: true, element: <h1>Home</h1> },
            {
                path: "profile",
                element: <Profile />,
                loader: async ({ request }) => {
                    await enforceLogin({ request });
                    return (await call("/api/me")).json();
                }
            }
        ]
    }
]);

createRoot(document.querySelector("#root")!).render(
    <StrictMode>
        <OidcInitializationGate fallback={<p>One moment</p>}>
            <RouterProvider router={router} />
        </OidcInitializationGate>
    </StrictMode>
);
