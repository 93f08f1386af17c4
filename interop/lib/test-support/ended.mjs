import { readFile } from "node:fs/promises";

const LIMIT_MILLISECONDS = 3_000;

/** Whether a process has ended, or does so within seconds. A zombie counts as ended. */
export async function hasEnded(pid) {
    const deadline = Date.now() + LIMIT_MILLISECONDS;
    while (await isRunning(pid)) {
        if (Date.now() > deadline) {
            return false;
        }
        await new Promise(resolve => setTimeout(resolve, 20));
    }
    return true;
}

export async function isRunning(pid) {
    try {
        process.kill(pid, 0);
    } catch {
        return false;
    }
    // Linux shows the state: `PID (NAME) STATE ...`.
    const state = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") S");
    return !state.slice(state.lastIndexOf(")")).startsWith(") Z");
}
