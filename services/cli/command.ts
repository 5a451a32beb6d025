import type { ParseArgsConfig } from 'node:util'
import type { Environment } from '../../libs/runtime/index.ts'
import type { Output } from './output.ts'

type Options = NonNullable<ParseArgsConfig['options']>

/** What a command works with. */
export interface Call {
  readonly output: Output
  readonly environment: Environment
  /** Values of the command's own options; those with `multiple` in `lists`, those without a value in `flags`. */
  readonly values: Readonly<Record<string, string | undefined>>
  readonly lists: Readonly<Record<string, readonly string[] | undefined>>
  readonly flags: Readonly<Record<string, boolean | undefined>>
  /** Arguments that are no options. */
  readonly names: readonly string[]
  /** Aborted by Ctrl+C. */
  readonly signal: AbortSignal
}

/** One command of the command line. */
export interface Command {
  readonly options: Options
  /** Answers an exit code where that is not 0 (`EXIT_CODES`). @throws UsageError, and everything the libraries throw */
  // biome-ignore lint/suspicious/noConfusingVoidType: commands that always end well say nothing
  run(call: Call): Promise<number | undefined | void>
}

/** How a run ends; documented in README.md, scripts branch on them. */
export const EXIT_CODES = {
  done: 0,
  /** The axis refused, or a signature is not good: doing the same again ends the same. */
  refused: 1,
  /** What was asked for is not there. */
  notFound: 2,
  /** The command line is wrong. */
  usage: 64,
  /** The axis or a server cannot be reached, or is busy: later may be better. */
  later: 69,
  internal: 70,
  /** The system is not known, suspended, or may not do this. */
  forbidden: 77,
  /** Settings, keys or files are wrong. */
  config: 78,
  /** Ended by Ctrl+C before it was done. */
  interrupted: 130,
} as const

/** The command line cannot be understood; the text says what is wrong with it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
