import { writeSync } from 'node:fs'

const STDERR = 2

interface Armed {
  readonly name: string
  left: number
}

const armed = readArmed()

/**
 * A named point between two steps. Does nothing, unless NODE_ENV is `test` and LIENTHONG_CRASH_AT names it (`name` or `name:n`):
 * then the process kills itself at the n-th passing, as `kill -9` would, after saying so in one line on standard error.
 * `make test-crash` proves with it that nothing is lost between those two steps; `test/crash/points.ts` lists all of them.
 */
export function crashPoint(name: string): void {
  if (armed?.name !== name) return
  armed.left -= 1
  if (armed.left > 0) return
  writeSync(STDERR, `crash point ${name}\n`)
  process.kill(process.pid, 'SIGKILL')
}

function readArmed(): Armed | undefined {
  const { NODE_ENV, LIENTHONG_CRASH_AT } = process.env
  const [, name, passings] = /^([a-z-]+)(?::([1-9]\d*))?$/.exec(LIENTHONG_CRASH_AT ?? '') ?? []
  return NODE_ENV === 'test' && name !== undefined ? { name, left: Number(passings ?? 1) } : undefined
}
