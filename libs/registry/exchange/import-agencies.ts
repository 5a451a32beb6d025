import { BusError } from '../../errors/index.ts'
import {
  createImportTable,
  findImportProblems,
  mergeAgencies,
  mergeAliases,
  type Pool,
  type PoolClient,
  type StagedAgency,
  type StagedProblem,
  stageAgencies,
} from '../../store/index.ts'
import { guardWrite } from '../guard-write.ts'
import type { RegistryProblem } from '../resolve-code.ts'
import { type FileFields, fieldsOfCsv, fieldsOfJson, isFieldProblem, readHeader, stageAgency } from './agency-file.ts'
import { readCsv } from './read-csv.ts'
import { readJsonArray } from './read-json-array.ts'

export type AgencyFormat = 'csv' | 'json'

export interface ImportProblem extends RegistryProblem {
  /** Line of the file on which the agency begins. */
  readonly line: number
}

export interface ImportReport {
  /** Agencies read from the file. */
  readonly read: number
  readonly added: number
  readonly changed: number
  /** Aliases that are new or mean another agency now. */
  readonly aliases: number
  /** In the order of the file, at most 1,000. With a single one nothing is written. */
  readonly problems: readonly ImportProblem[]
}

const BATCH = 2_000
const MAX_PROBLEMS = 1_000

/**
 * Reads a directory file into the registry, all or nothing: agencies are added, or brought to what the file says; agencies the
 * file does not name stay. Streams; memory does not grow with the file.
 * @throws BusError LT_REG_IMPORT_UNREADABLE when it is no such file at all, LT_STORE_UNAVAILABLE
 */
export function importAgencies(
  pool: Pool,
  source: AsyncIterable<Uint8Array>,
  {
    format,
    beforeCommit,
  }: {
    readonly format: AgencyFormat
    /** Told what is about to be committed, inside the transaction. */
    readonly beforeCommit?: (client: PoolClient, report: ImportReport) => Promise<void>
  },
): Promise<ImportReport> {
  return guardWrite(async () => {
    const client = await pool.connect()
    try {
      await client.query('begin')
      await createImportTable(client)
      const { read, problems } = await stageFile(client, format === 'csv' ? csvFields(source) : jsonFields(source))
      if (problems.length < MAX_PROBLEMS) {
        const between = await findImportProblems(client, MAX_PROBLEMS - problems.length)
        problems.push(...between.map(toProblem))
      }
      if (problems.length > 0) {
        await client.query('rollback')
        return { read, added: 0, changed: 0, aliases: 0, problems: problems.sort((a, b) => a.line - b.line) }
      }
      const merged = await mergeAgencies(client)
      const report = { read, ...merged, aliases: await mergeAliases(client), problems }
      await beforeCommit?.(client, report)
      await client.query('commit')
      return report
    } catch (error) {
      await client.query('rollback').catch(() => undefined)
      throw error
    } finally {
      client.release()
    }
  })
}

type Line = { readonly line: number; readonly fields: () => FileFields }

async function* csvFields(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let header: ReturnType<typeof readHeader> | undefined
  for await (const { line, fields } of readCsv(source)) {
    if (!header) header = readHeader(fields, line)
    else {
      const names = header
      yield { line, fields: () => fieldsOfCsv(names, fields) }
    }
  }
  if (!header) throw new BusError('LT_REG_IMPORT_UNREADABLE', { line: 1, reason: 'HEADER' })
}

async function* jsonFields(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  for await (const { line, value } of readJsonArray(source)) yield { line, fields: () => fieldsOfJson(value) }
}

async function stageFile(
  client: PoolClient,
  lines: AsyncIterable<Line>,
): Promise<{ read: number; problems: ImportProblem[] }> {
  const problems: ImportProblem[] = []
  let batch: StagedAgency[] = []
  let read = 0
  for await (const { line, fields } of lines) {
    read++
    try {
      batch.push(stageAgency(fields(), line))
    } catch (error) {
      if (!isFieldProblem(error)) throw error
      problems.push({ line, code: error.code, params: error.params })
      if (problems.length === MAX_PROBLEMS) break
    }
    if (batch.length === BATCH) {
      await stageAgencies(client, batch)
      batch = []
    }
  }
  if (batch.length > 0) await stageAgencies(client, batch)
  return { read, problems }
}

function toProblem({ line, problem, code, owner }: StagedProblem): ImportProblem {
  return problem === 'no-successor'
    ? { line, code: 'LT_REG_UNKNOWN_AGENCY', params: { code } }
    : { line, code: 'LT_REG_CODE_TAKEN', params: { code, owner } }
}
