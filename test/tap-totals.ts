/** What a TAP stream of `tap run` says in the end. */
export interface TapTotals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Counts assertions by the runner's own footer, and files by its top-level lines: a file that fails without a failed
 * assertion (a crash, an exit code, a time-out) counts as one failure.
 */
export function tapTotals(tap: string): TapTotals {
  const footer = tap.match(/^# \{ total: \d+.*\}$/gm)?.at(-1)
  const figure = (name: string): number => Number(footer?.match(new RegExp(`\\b${name}: (\\d+)`))?.[1] ?? 0)
  const failedFiles = tap.match(/^not ok /gm)?.length ?? 0
  const failed = Math.max(figure('fail'), failedFiles)
  return { passed: figure('pass'), failed: footer ? failed : Math.max(failed, 1), skipped: figure('skip') }
}
