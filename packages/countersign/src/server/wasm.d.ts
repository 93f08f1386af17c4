/** What runtimes give that import WebAssembly (workerd). */
declare module "*.wasm" {
    const module: WebAssembly.Module;
    export default module;
}
