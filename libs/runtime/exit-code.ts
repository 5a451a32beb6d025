import { isBusError } from '../errors/index.ts'

/** How a process of ours ends (`sysexits.h` where it has a number). */
export const EXIT = {
  /** A server it needs is missing or cannot be reached. */
  unavailable: 69,
  /** A defect: the state of the process cannot be trusted any more. */
  internal: 70,
  /** The settings are wrong; starting again without a change is useless. */
  config: 78,
} as const

/** The exit code for an error that ends a process. */
export function exitCodeOf(error: unknown): number {
  if (!isBusError(error)) return EXIT.internal
  return error.code.startsWith('LT_CONF_') ? EXIT.config : EXIT.unavailable
}
