/** Starts interop/spring-resource-server, for tokens of one issuer. */
import path from "node:path";

/** Compiles less thoroughly: up in three fifths of the time, and no run lasts long enough to miss it. */
const JVM_FLAGS = ["-XX:TieredStopAtLevel=1"];

/**
 * @param {import("../../lib/peer.mjs").Run} run
 * @param {{ jar: string, issuer: string, audience: string, origins?: string[], flags?: string[] }} options `flags`: more of Spring
 * Boot's properties, as `--name=value`
 * @returns {Promise<{ port: number, output: () => string }>}
 */
export async function startSpring(run, { jar, issuer, audience, origins = [], flags = [] }) {
    const java = process.env.JAVA_HOME === undefined ? "java" : path.join(process.env.JAVA_HOME, "bin/java");
    const started = await run.spawn(
        java,
        [
            ...JVM_FLAGS,
            ...["-jar", run.path(jar), `--api.issuer=${issuer}`, `--api.audience=${audience}`],
            ...[`--api.allowed-origins=${origins.join(",")}`, ...flags]
        ],
        { ready: /Started Api in / }
    );
    const [, port] = /Tomcat started on port (\d+)/.exec(started.output());
    return { port: Number(port), output: started.output };
}

/** Spring behind a recording proxy, which keeps the `Host` field. @param {import("../../lib/peer.mjs").Run} run */
export async function protectedSpring(run, { wire, ...options }) {
    const proxy = wire ?? (await run.wire());
    const server = await startSpring(run, { audience: proxy.origin, ...options });
    proxy.upstream = server.port;
    return { origin: proxy.origin, wire: proxy, server };
}
