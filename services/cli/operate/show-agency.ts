import { BusError } from '../../../libs/errors/index.ts'
import { openRegistry, type Registry } from '../../../libs/registry/index.ts'
import type { Call } from '../command.ts'
import { EXIT_CODES } from '../command.ts'
import { argument, wholeNumber } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { table } from '../output.ts'

/** `agency show CODE`: one agency, by any of its spellings, with the system that receives for it. */
export async function showAgency(call: Call): Promise<void> {
  const { output } = call
  const written = argument(call, 1, 'CODE')
  const shown = await withRegistry(call, async (registry) => {
    const resolution = registry.resolve(written, { tolerant: true })
    const code = resolution.ok ? resolution.agencyCode : written
    const details = await registry.details(code)
    if (!details) throw new BusError('LT_REG_UNKNOWN_AGENCY', { code: written })
    return { ...details, receivingSystem: registry.receivingSystem(code)?.system.code ?? null }
  })
  const rows: [string, string][] = [
    [output.t('agency.label.name'), shown.name],
    [output.t('agency.label.parent'), shown.parentCode ?? ''],
    [
      output.t('agency.label.closed'),
      [shown.closedOn, shown.successorCode && `→ ${shown.successorCode}`].filter(Boolean).join(' '),
    ],
    [output.t('agency.label.system'), shown.receivingSystem ?? ''],
    [output.t('agency.label.aliases'), shown.aliases.join(', ')],
    [
      output.t('agency.label.contact'),
      [shown.contact.post, shown.contact.email, shown.contact.telephone].filter(Boolean).join(', '),
    ],
    [output.t('agency.label.source'), `${shown.source} (${shown.confidence})`],
  ]
  output.result(shown, [
    shown.code,
    ...table(rows.filter(([, value]) => value !== '').map(([label, value]) => [`  ${label}`, value])),
  ])
}

/** `agency search WORDS`: by the beginnings of words of the name, accents or not, or by the beginning of a code. */
export async function findAgencies(call: Call): Promise<number> {
  const { output, names } = call
  const text = [argument(call, 1, 'WORDS'), ...names.slice(2)].join(' ')
  const limit = wholeNumber(call, 'limit', 20, [1, 1000])
  const found = await withRegistry(call, (registry) => registry.search(text, limit))
  const rows = found.map(({ code, name, closedOn }) => [
    code,
    closedOn ? `${name} (${output.t('agency.label.closed')} ${closedOn})` : name,
  ])
  output.result(found, rows.length === 0 ? [output.t('agency.none')] : table(rows))
  return rows.length === 0 ? EXIT_CODES.notFound : EXIT_CODES.done
}

function withRegistry<T>(call: Call, work: (registry: Registry) => Promise<T>): Promise<T> {
  return withDatabase(call, async (pool) => {
    const stopping = new AbortController()
    try {
      return await work(await openRegistry({ pool, signal: stopping.signal }))
    } finally {
      stopping.abort()
    }
  })
}
