// Commands that the page offers are run as they were copied.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** What the command prints; it throws when the command fails. */
export async function run(command, options = {}) {
  const { stdout } = await execute("sh", ["-c", command], { timeout: 60_000, ...options });
  return stdout;
}
