import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { BusError } from '../../../libs/errors/index.ts'
import { type Environment, processEnvironment } from '../../../libs/runtime/index.ts'
import { needProgram } from './need-program.ts'

const LAST_BYTES = 4_000

export interface RunOptions {
  readonly environment?: Environment
  readonly signal?: AbortSignal
  /** Told each piece of what it says on standard error. */
  readonly onSaid?: (text: string) => void
}

/**
 * Runs a program of PostgreSQL to its end. Passwords go by environment, never by command line.
 * @throws BusError LT_CONF_PROGRAM_MISSING; LT_BACKUP_PROGRAM_FAILED with the end of what it said
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { environment, signal, onSaid }: RunOptions,
): Promise<void> {
  const env = { ...processEnvironment(), LC_ALL: 'C', ...environment }
  const child = spawn(needProgram(program), args, { env, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
  const stop = (): void => void child.kill('SIGTERM')
  signal?.addEventListener('abort', stop, { once: true })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-LAST_BYTES)
    onSaid?.(text)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  signal?.removeEventListener('abort', stop)
  if (code !== 0) throw new BusError('LT_BACKUP_PROGRAM_FAILED', { program, reason: lastLines(said) })
}

/** The lines that say why, without the progress that was overwritten. */
export function lastLines(said: string): string {
  const lines = said.split(/[\r\n]+/).filter((line) => line.trim() !== '')
  const why = lines.filter((line) => /error|fatal/i.test(line))
  return (why.length > 0 ? why : lines).slice(-3).join('; ').slice(0, 800)
}
