import * as tus from "tus-js-client";
window.tus = tus;
