import { useOidc } from "./oidc";

export function AutoLogoutWarning() {
    const { autoLogoutState } = useOidc();
    return autoLogoutState.shouldDisplayWarning ? (
        <p role="alert">Are you still there? You will be logged out in {autoLogoutState.secondsLeftBeforeAutoLogout} seconds.</p>
    ) : null;
}
