import { useLoaderData } from "react-router";
import { useOidc } from "./oidc";

/** Rendered after `enforceLogin`, so somebody is logged in. */
export function Profile() {
    const { decodedIdToken } = useOidc({ assert: "user logged in" });
    const me = useLoaderData<{ sub: string }>();
    return (
        <>
            <h1>Profile</h1>
            <p>
                The id_token is about {decodedIdToken.sub}, and the API answered {me.sub}.
            </p>
        </>
    );
}
