import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { BusError, catalogue, fill } from '../../../libs/errors/index.ts'
import { type AgencyFormat, exportAgencies, importAgencies } from '../../../libs/registry/index.ts'
import type { Call } from '../command.ts'
import { EXIT_CODES } from '../command.ts'
import { argument, oneOf } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { noteChange, registryCause } from './change-registry.ts'

const SHOWN_PROBLEMS = 20

/** `agency import FILE`: all of the file, or, with a single fault in it, nothing. */
export async function importFromFile(call: Call): Promise<number> {
  const { output } = call
  const file = argument(call, 1, 'FILE')
  const report = await withDatabase(call, async (pool) => {
    const cause = await registryCause(call, pool)
    return importAgencies(pool, readCounted(call, file), {
      format: formatOf(call, file),
      beforeCommit: (client, { read, added, changed, aliases }) =>
        noteChange(client, { change: 'imported', read, added, changed, aliases }, cause),
    })
  })
  const { read, added, changed, aliases, problems } = report
  if (problems.length === 0) {
    output.result(report, [output.t('agency.imported', { read, added, changed, aliases })])
    return EXIT_CODES.done
  }
  const shown = problems.slice(0, SHOWN_PROBLEMS).map(({ line, code, params }) => {
    return output.t('agency.problem', {
      line,
      title: `${code}: ${fill(catalogue[code].title[output.language], params)}`,
    })
  })
  output.result(report, [output.t('agency.notImported', { count: problems.length }), ...shown])
  return EXIT_CODES.refused
}

/** `agency export FILE`: every agency, in the form `import` reads. */
export async function exportToFile(call: Call): Promise<void> {
  const file = argument(call, 1, 'FILE')
  const format = formatOf(call, file)
  await withDatabase(call, async (pool) => {
    try {
      await pipeline(exportAgencies(pool, { format }), createWriteStream(file))
    } catch (cause) {
      throw cause instanceof BusError ? cause : new BusError('LT_CONF_FILE_UNREADABLE', { path: file }, { cause })
    }
  })
  call.output.result({ file, format }, [call.output.t('agency.exported', { file })])
}

function formatOf(call: Call, file: string): AgencyFormat {
  return oneOf(call, '--format', call.values.format ?? (file.endsWith('.json') ? 'json' : 'csv'), ['csv', 'json'])
}

async function* readCounted({ output }: Call, file: string): AsyncGenerator<Uint8Array> {
  let done = 0
  try {
    for await (const chunk of createReadStream(file)) {
      yield chunk as Buffer
      done += (chunk as Buffer).length
      output.progress(output.t('agency.progress', { done }))
    }
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path: file }, { cause })
  }
}
