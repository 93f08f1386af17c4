import "@angular/compiler";
import { DOCUMENT, XhrFactory } from "@angular/common";
import { HttpClient, provideHttpClient, withFetch } from "@angular/common/http";
import { createEnvironmentInjector, Injector, NgZone, ɵNoopNgZone } from "@angular/core";
import { firstValueFrom, toArray } from "rxjs";

const client = feature =>
    createEnvironmentInjector(
        [
            { provide: DOCUMENT, useValue: document },
            { provide: XhrFactory, useValue: { build: () => new XMLHttpRequest() } },
            { provide: NgZone, useClass: ɵNoopNgZone },
            provideHttpClient(...(feature ? [feature()] : []))
        ],
        Injector.create({ providers: [] })
    ).get(HttpClient);
window.angular = { xhr: () => client(), fetch: () => client(withFetch), firstValueFrom, toArray };
