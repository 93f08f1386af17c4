// The tarball, unpacked into the `node_modules` of an empty project, as a user has it.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const packageDir = fileURLToPath(new URL("../../..", import.meta.url));
export const modulesDir = fileURLToPath(new URL("../../../../../node_modules", import.meta.url));

/**
 * Installs the tarball under `name`, in a new folder of `parent`. `run(program, ...arguments)` runs in the project and returns
 * what the program printed; it throws that if the program fails.
 */
export async function unpack(name = "countersign", parent = tmpdir()) {
    const root = await realpath(await mkdtemp(path.join(parent, "countersign-packed-")));
    const packed = await run("npm", ["pack", "--json", "--pack-destination", root], { cwd: packageDir });
    const tarball = path.join(root, JSON.parse(packed.stdout)[0].filename);
    const installed = path.join(root, "node_modules", name);
    await mkdir(installed, { recursive: true });
    await run("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
    return {
        root,
        tarball,
        installed,
        write: (file, text) => writeFile(path.join(root, file), text),
        /** Makes a package of the repository available to the project. */
        link: async module => {
            const target = path.join(root, "node_modules", module);
            await mkdir(path.dirname(target), { recursive: true });
            await symlink(path.join(modulesDir, module), target);
        },
        run: async (...command) => {
            const [program, ...parameters] = command;
            try {
                const { stdout, stderr } = await run(program, parameters, { cwd: root, timeout: 300_000 });
                return stdout + stderr;
            } catch ({ stdout, stderr, message }) {
                throw new Error(`${message}\n${stdout}${stderr}`);
            }
        },
        remove: () => rm(root, { recursive: true, force: true })
    };
}
