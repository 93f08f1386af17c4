/**
 * A notes API on Express whose tokens and proofs `oidc-spa/server` validates:
 * node express.mjs ISSUER AUDIENCE ORIGIN [trust-proxy]
 *
 * The library decides what is refused. The app sends 401 without a challenge, because the library
 * makes none.
 */
import express from "express";
import { extractRequestAuthContext, oidcSpa } from "oidc-spa/server";

const [issuerUri, expectedAudience, allowedOrigin, trust] = process.argv.slice(2);
const { bootstrapAuth, validateAndDecodeAccessToken } = oidcSpa.createUtils();
await bootstrapAuth({ implementation: "real", issuerUri, expectedAudience });

const notes = [];
const app = express();

app.use((request, response, next) => {
    response.set("Access-Control-Allow-Origin", allowedOrigin);
    response.set("Access-Control-Expose-Headers", "Date, DPoP-Nonce, WWW-Authenticate");
    if (request.method !== "OPTIONS") {
        next();
        return;
    }
    response.set("Access-Control-Allow-Methods", "GET, POST");
    response.set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP");
    response.status(204).end();
});

app.use(async (request, response, next) => {
    const context = extractRequestAuthContext({ request, trustProxy: trust === "trust-proxy" });
    if (!context?.isWellFormed) {
        response.status(401).send(context?.debugErrorMessage ?? "no credentials");
        return;
    }
    const result = await validateAndDecodeAccessToken(context.accessTokenAndMetadata);
    if (!result.isSuccess) {
        response.status(401).send(result.debugErrorMessage);
        return;
    }
    response.locals.user = result.decodedAccessToken;
    next();
});

app.get("/api/me", (_, response) => {
    const { sub, cnf } = response.locals.user;
    response.json({ sub, jkt: cnf?.jkt });
});
app.get("/api/notes", (_, response) => {
    response.json(notes);
});
app.post("/api/notes", express.json(), (request, response) => {
    const note = { id: notes.length + 1, text: request.body.text };
    notes.push(note);
    response.status(201).json(note);
});

const server = app.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
