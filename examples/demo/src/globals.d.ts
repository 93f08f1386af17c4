declare const __DEMO__: { issuer: string; api: string };
