import { readFile } from 'node:fs/promises'
import { BusError } from '../../errors/index.ts'
import { type Pool, readTakenCodes } from '../../store/index.ts'
import { guardWrite } from '../guard-write.ts'
import { type ImportReport, importAgencies } from './import-agencies.ts'

const FILE = new URL('../../../schemas/data/agency-codes-level1.json', import.meta.url)

/** The level-1 codes shipped with the product; see `schemas/data/README.md`. */
export interface Level1List {
  readonly sources: Readonly<Record<string, string>>
  readonly closingConfidence: Readonly<Record<string, string>>
  /** Codes without a known name; not seeded. */
  readonly unnamed: readonly string[]
  readonly agencies: readonly Level1Agency[]
}

export interface Level1Agency {
  readonly code: string
  readonly name: string
  /** `historic`: gone from the table of 2025. `closed`: its province was merged into `successor`. */
  readonly status: 'current' | 'historic' | 'closed'
  readonly confidence: 'sourced' | 'single-source' | 'inferred'
  readonly source: string
  readonly closedOn?: string
  readonly successor?: string
  readonly closingConfidence?: string
}

/** Reads the list shipped under `schemas/data`. */
export async function readLevel1(): Promise<Level1List> {
  return JSON.parse(await readFile(FILE, 'utf8')) as Level1List
}

/**
 * Seeds the registry with the level-1 codes it does not hold yet; what an operator changed stays.
 * @throws BusError LT_STORE_UNAVAILABLE, or the first problem when the registry already uses a code otherwise
 */
export function loadLevel1(pool: Pool): Promise<ImportReport> {
  return guardWrite(async () => {
    const list = await readLevel1()
    const taken = await readTakenCodes(
      pool,
      list.agencies.map(({ code }) => code),
    )
    const missing = list.agencies.filter(({ code }) => !taken.has(code))
    const file = missing.map(({ code, name, confidence, source, closedOn = null, successor = null }) => {
      return { code, name, closedOn, successorCode: successor, confidence, source: list.sources[source] ?? source }
    })
    const report = await importAgencies(pool, bytesOf(JSON.stringify(file)), { format: 'json' })
    const [problem] = report.problems
    if (problem) throw new BusError(problem.code, problem.params)
    return report
  })
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
