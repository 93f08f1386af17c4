import "@angular/compiler";
import { DOCUMENT, XhrFactory } from "@angular/common";
import { HttpClient, provideHttpClient, withFetch } from "@angular/common/http";
import { createEnvironmentInjector, Injector, NgZone, PLATFORM_ID, ɵChangeDetectionScheduler, ɵConsole, ɵINJECTOR_SCOPE, ɵNoopNgZone } from "@angular/core";
import { firstValueFrom, toArray } from "rxjs";

const client = feature =>
    createEnvironmentInjector(
        [
            { provide: ɵINJECTOR_SCOPE, useValue: "root" },
            { provide: PLATFORM_ID, useValue: "browser" },
            { provide: ɵConsole, useValue: console },
            { provide: ɵChangeDetectionScheduler, useValue: { notify: () => {}, runningTick: false } },
            { provide: DOCUMENT, useValue: document },
            { provide: XhrFactory, useValue: { build: () => new XMLHttpRequest() } },
            { provide: NgZone, useClass: ɵNoopNgZone },
            provideHttpClient(...(feature ? [feature()] : []))
        ],
        Injector.create({ providers: [] })
    ).get(HttpClient);
window.angular = { xhr: () => client(), fetch: () => client(withFetch), firstValueFrom, toArray };
