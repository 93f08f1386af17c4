/** Starts interop/spring-resource-server, for tokens of one issuer. */
import path from "node:path";

/**
 * Reduces compilation: the server starts in three fifths of the time, and no run is long enough to
 * need more.
 */
const JVM_FLAGS = ["-XX:TieredStopAtLevel=1"];

/**
 * The settings that Spring Security needs to accept bound tokens of our development server: see the
 * scenario "out of the box".
 */
export const READY = ["--api.dpop=on", "--api.csrf=off", "--api.token-types=at+jwt"];

/**
 * @param {import("../../lib/peer.mjs").Run} run
 * @param {object} options
 * @param {"spring" | "spring-4.0"} options.jar
 * @param {string} options.issuer
 * @param {string[]} options.audiences one of which a token has to be for
 * @param {string[]} options.origins of the pages that may call
 * @param {string[]} [options.flags] more of Spring Boot's properties, as `--name=value`
 * @returns {Promise<{ port: number, output: () => string }>}
 */
export async function startSpring(run, { jar, issuer, audiences, origins, flags = [] }) {
    const java = process.env.JAVA_HOME === undefined ? "java" : path.join(process.env.JAVA_HOME, "bin/java");
    const started = await run.spawn(
        java,
        [
            ...[...JVM_FLAGS, "-jar", run.path(jar), `--api.issuer=${issuer}`, `--api.audience=${audiences.join(",")}`],
            ...[`--api.allowed-origins=${origins.join(",")}`, ...flags]
        ],
        { ready: /Started Api in / }
    );
    const [, port] = /Tomcat started on port (\d+)/.exec(started.output());
    return { port: Number(port), output: started.output };
}
