import { Injectable } from "@angular/core";
import { AbstractOidcService } from "countersign/angular";

/** The claims that this app reads. */
type Claims = { sub: string; name?: string };

@Injectable({ providedIn: "root" })
export class Oidc extends AbstractOidcService<Claims> {
    override decodedIdTokenSchema = {
        parse: ({ sub, name }: { sub: string; name?: string }): Claims => (name === undefined ? { sub } : { sub, name })
    };
    override mockDecodedIdToken = { sub: "mock", name: "Mock" };
}
