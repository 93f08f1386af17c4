import { useOidc } from "./oidc";

export function Header() {
    const oidc = useOidc();
    if (!oidc.isUserLoggedIn) {
        return (
            <header>
                <button onClick={() => oidc.login()}>Log in</button>
                {oidc.initializationError && <p role="alert">{oidc.initializationError.message}</p>}
            </header>
        );
    }
    return (
        <header>
            Hello {oidc.decodedIdToken.name ?? oidc.decodedIdToken.sub}{" "}
            <button onClick={() => oidc.logout({ redirectTo: "home" })}>Log out</button>
        </header>
    );
}
