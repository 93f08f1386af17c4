declare const __DEMO__: {
    issuer: string;
    clientId: string;
    api: string;
    /** Names and passwords that the login page asks for; none: it does not. */
    users: [name: string, password: string][];
};
