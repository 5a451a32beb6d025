import { ENVELOPE_WARNINGS, WARNING_FIXES, type WarningCode } from '../../../libs/envelope/index.ts'
import { BusError, catalogue, type ErrorCode, fill } from '../../../libs/errors/index.ts'
import { type FaultCount, readSystem, reportSubmissions } from '../../../libs/store/index.ts'
import type { Call } from '../command.ts'
import { argument, wholeNumber } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import type { Language } from '../output.ts'

const DAYS = 30
const DAY_MS = 86_400_000
/** A parameter is foreign text; a line is for reading. */
const MOST_SHOWN = 80

/** `system report CODE [--days N]`: what the system's packets do wrong, by code, with the rule and what to change. */
export async function reportSystem(call: Call): Promise<void> {
  const { output } = call
  const code = argument(call, 1, 'CODE')
  const days = wholeNumber(call, 'days', DAYS, [1, 366])
  const report = await withDatabase(call, async (pool) => {
    const system = await readSystem(pool, code)
    if (!system) throw new BusError('LT_REG_UNKNOWN_SYSTEM', { system: code.slice(0, 64) })
    return reportSubmissions(pool, system.id, new Date(Date.now() - days * DAY_MS))
  })
  const faults = report.faults.map((fault) => ({ ...fault, ...explain(fault, output.language) }))
  const lines = faults.flatMap(({ outcome, code: fault, submissions, rule, fix, example }) => [
    '',
    output.t(`system.report.${outcome}`, { code: fault, count: submissions }),
    output.t('system.report.rule', { rule }),
    ...(fix === '' ? [] : [output.t('system.report.fix', { fix })]),
    output.t(`system.report.example.${outcome}`, { id: example }),
  ])
  const { accepted, refused, limit, capped } = report
  output.result({ system: code, days, ...report, faults }, [
    output.t('system.report.head', { code, days, accepted, refused }),
    ...(capped ? [output.t('system.report.capped', { limit })] : []),
    ...(faults.length === 0 ? [output.t('system.report.none')] : lines),
  ])
}

function explain({ code, params }: FaultCount, language: Language): { rule: string; fix: string } {
  const shown = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, clean(value)]))
  if (code in catalogue) {
    const { title, advice } = catalogue[code as ErrorCode]
    return { rule: fill(title[language], shown), fix: fill(advice[language], shown) }
  }
  if (!(code in ENVELOPE_WARNINGS)) return { rule: code, fix: '' }
  const warning = code as WarningCode
  return { rule: fill(ENVELOPE_WARNINGS[warning][language], shown), fix: WARNING_FIXES[warning][language] }
}

/** What a sender wrote must not move the reader's cursor. */
function clean(value: string | number): string {
  return String(value).replace(/\p{C}/gu, ' ').slice(0, MOST_SHOWN)
}
