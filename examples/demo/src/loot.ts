/** What the attacker took, and how they present it to the API. */
export type Loot = {
    method: string;
    path: string;
    authorization: string;
    proof: string | undefined;
};

/** The API's response. */
export type Refusal = {
    status: number;
    /** The `WWW-Authenticate` header. */
    challenge: string;
};
