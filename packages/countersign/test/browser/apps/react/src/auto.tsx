/** An app that is of no use without a login. */
import { Suspense, type ReactNode } from "react";
import { oidcSpa, type ParamsOfBootstrap } from "countersign/react-spa";

const { bootstrapOidc, useOidc, getOidc, OidcInitializationErrorGate } = oidcSpa
    .withAutoLogin()
    .withUser<{ id: string }>({
        createUser: ({ decodedIdToken }) => {
            if (location.search === "?without-user") {
                throw new Error("there is no such user");
            }
            return { id: decodedIdToken.sub };
        }
    })
    .createUtils();

Object.assign(window, { app: { getOidc } });

function Who() {
    const { user, logout } = useOidc();
    return (
        <button id="who" onClick={() => logout({ redirectTo: "current page" })}>
            {user.id}
        </button>
    );
}

export function start(params: Omit<ParamsOfBootstrap.Real<true>, "implementation">): ReactNode {
    void bootstrapOidc({ implementation: "real", ...params });
    return (
        <Suspense fallback={<p>suspended</p>}>
            <OidcInitializationErrorGate
                errorComponent={({ oidcInitializationError: { code, isAuthServerLikelyDown, message } }) => (
                    <p id="error">{`${code} ${isAuthServerLikelyDown} ${message}`}</p>
                )}
            >
                <Who />
            </OidcInitializationErrorGate>
        </Suspense>
    );
}
