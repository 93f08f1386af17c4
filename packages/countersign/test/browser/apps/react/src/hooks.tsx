/** Components that read different things of the client, and one that needs a login. */
import { Component, startTransition, Suspense, useState, type ReactNode } from "react";
import { oidcSpa, type ParamsOfBootstrap } from "countersign/react-spa";
import { z } from "zod";

type User = { id: string; info: string; number: number };

const counts: Record<string, number> = {};
const count = (name: string) => (counts[name] = (counts[name] ?? 0) + 1);

const { bootstrapOidc, useOidc, getOidc, withLoginEnforced, OidcInitializationGate } = oidcSpa
    .withExpectedDecodedIdTokenShape({ decodedIdTokenSchema: z.object({ sub: z.string() }) })
    .withUser<User>({
        createUser: async ({ decodedIdToken, fetchUserInfo, user_current }) => {
            count("createUser");
            const { sub: info } = await fetchUserInfo();
            return { id: decodedIdToken.sub, info, number: (user_current?.number ?? 0) + 1 };
        }
    })
    .createUtils();

Object.assign(window, { app: { counts, getOidc } });

function Status() {
    const oidc = useOidc();
    count("Status");
    if (!oidc.isUserLoggedIn) {
        return <button onClick={() => oidc.login()}>Log in</button>;
    }
    return <button onClick={() => oidc.logout({ redirectTo: "specific url", url: "/hooks?out" })}>Log out</button>;
}

function Claims() {
    const oidc = useOidc();
    count("Claims");
    return <p id="claims">{oidc.isUserLoggedIn ? `claims of ${oidc.decodedIdToken.sub}` : "no claims"}</p>;
}

function UserOfApp() {
    const { user, refreshUser } = useOidc();
    count("UserOfApp");
    return user ? (
        <button id="user" onClick={() => void refreshUser()}>
            user {user.id} {user.info} {user.number}
        </button>
    ) : null;
}

function Countdown() {
    const { autoLogoutState } = useOidc();
    count("Countdown");
    return <p id="countdown">{autoLogoutState.shouldDisplayWarning ? `${autoLogoutState.secondsLeftBeforeAutoLogout} seconds` : "no warning"}</p>;
}

const Private = withLoginEnforced(function Private({ text }: { text: string }) {
    const { decodedIdToken } = useOidc({ assert: "user logged in" });
    return <p id="private">{`${text} ${decodedIdToken.sub}`}</p>;
});

/** Suspends for ever beside what needs a login, so that this is rendered and never shown. */
function Never(): ReactNode {
    throw new Promise(() => {});
}

class Boundary extends Component<{ children: ReactNode }, { message?: string }> {
    override state: { message?: string } = {};
    static getDerivedStateFromError = (error: Error) => ({ message: error.message });
    override render() {
        return this.state.message === undefined ? this.props.children : <p id="error">{this.state.message}</p>;
    }
}

function Opened() {
    const [opened, open] = useState<string>();
    return (
        <>
            {["private", "hidden", "wrong"].map(name => (
                <button key={name} onClick={() => startTransition(() => open(name))}>
                    {name}
                </button>
            ))}
            <Boundary key={opened ?? ""}>
                {opened === "private" && <Private text="only for" />}
                {opened === "hidden" && (
                    <Suspense fallback={<p id="fallback">suspended</p>}>
                        <Private text="only for" />
                        <Never />
                    </Suspense>
                )}
                {opened === "wrong" && <Wrong />}
            </Boundary>
        </>
    );
}

function Wrong() {
    useOidc({ assert: "user logged in" });
    return null;
}

export function start(params: Omit<ParamsOfBootstrap.Real<false>, "implementation">): ReactNode {
    void bootstrapOidc({ implementation: "real", ...params });
    return (
        <>
            <Suspense fallback={<p>suspended</p>}>
                <Claims />
                <Countdown />
                <UserOfApp />
            </Suspense>
            <OidcInitializationGate fallback={<p>one moment</p>}>
                <Status />
                <Opened />
            </OidcInitializationGate>
        </>
    );
}
