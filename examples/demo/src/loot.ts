/** What the attacker took, and how it is presented to the API. */
export type Loot = {
    method: string;
    path: string;
    authorization: string;
    proof: string | undefined;
};

/** What the API answered. */
export type Refusal = {
    status: number;
    /** The `WWW-Authenticate` header. */
    challenge: string;
};
