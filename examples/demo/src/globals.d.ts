declare const __DEMO__: {
    issuer: string;
    clientId: string;
    api: string;
    /** Names and passwords to type at the login page. Empty if it does not ask for them. */
    users: [name: string, password: string][];
};
