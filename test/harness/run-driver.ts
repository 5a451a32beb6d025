import { execFile } from 'node:child_process'
import { PROJECT } from '../../deploy/local/folders.ts'
import { processEnvironment } from '../../libs/runtime/index.ts'

/** Runs a driver that is no tap test, with these settings over our own; answers what it printed and its exit code. */
export function runDriver(
  file: string,
  settings: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import=tsx', file],
      { cwd: PROJECT, env: { ...processEnvironment(), ...settings } as NodeJS.ProcessEnv, maxBuffer: 2 ** 24 },
      (_, stdout, stderr) => resolve({ code: child.exitCode ?? 1, output: stderr + stdout }),
    )
  })
}
