import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT } from '../../deploy/local/folders.ts'

const RESULTS = join(PROJECT, 'test/crash/results.jsonl')

/** What one run came to, as it is kept. */
export interface RunResult {
  readonly seed: number
  readonly commit: string
  readonly kills: number
  readonly documents: number
  readonly consignments: number
  readonly lost: number
  readonly doubled: number
  readonly stuck: number
  readonly repeats: number
  readonly seconds: number
}

/** Kills after which every kind has to have happened: less is no proof of anything but itself. */
export const LONG_ROUNDS = 100

/** Kinds that a long run is made of, beside the named points; `disk-full` only where a disk can be mounted. */
const KINDS = [
  ...['gateway', 'routing', 'delivery', 'receipts', 'audit', 'console', 'nats', 'redis', 'postgres'],
  ...['at-point', 'nats-wipe', 'redis-wipe', 'disk-full', 'lab-drop', 'lab-double', 'lab-bare'],
  ...['hold', 'release', 'recall'],
]

/** Counts what was done to the axis, by kind. */
export class KillTally {
  readonly #counts = new Map<string, number>()
  readonly points = new Set<string>()
  #kills = 0

  /** Processes that were killed, by us or at a named point. */
  get kills(): number {
    return this.#kills
  }

  kill(kind: string): void {
    this.#kills += 1
    this.note(kind)
  }

  /** Something that is no kill: a wipe, a full disk, a switch. */
  note(kind: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
  }

  /** Kinds of a long run that never happened. */
  never(hasDisk: boolean): string[] {
    return KINDS.filter((kind) => !this.#counts.has(kind) && (hasDisk || kind !== 'disk-full'))
  }

  toString(): string {
    return [...this.#counts]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')
  }
}

export function keepResult(result: RunResult): void {
  appendFileSync(RESULTS, `${JSON.stringify(result)}\n`)
}

export function readResults(): RunResult[] {
  if (!existsSync(RESULTS)) return []
  return readFileSync(RESULTS, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RunResult)
}
