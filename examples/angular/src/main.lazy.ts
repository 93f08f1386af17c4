import { provideHttpClient, withInterceptors } from "@angular/common/http";
import { provideZonelessChangeDetection } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";
import { provideRouter } from "@angular/router";
import { App, routes } from "./app";
import { API, CLIENT_ID, ISSUER } from "./config";
import { Oidc } from "./oidc";

export const start = () =>
    bootstrapApplication(App, {
        providers: [
            provideZonelessChangeDetection(),
            provideRouter(routes),
            provideHttpClient(
                withInterceptors([Oidc.createBearerInterceptor({ shouldInjectAccessToken: ({ url }) => url.startsWith(API) })])
            ),
            Oidc.provide({ issuerUri: ISSUER, clientId: CLIENT_ID })
        ]
    });
