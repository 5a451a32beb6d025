import { operate, type RetentionChange } from '../../../libs/pipeline/index.ts'
import {
  listRetentionClasses,
  listRetentionRules,
  type Pool,
  type RetentionClass,
  readSystems,
} from '../../../libs/store/index.ts'
import { type Call, UsageError } from '../command.ts'
import { argument, oneOf, required } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { table } from '../output.ts'
import { tellFiled } from './tell-operated.ts'
import { withOperations } from './with-operations.ts'

/** `retention list`: the classes with their days, then which dispatches fall into them. */
export async function showRetention(call: Call): Promise<void> {
  const { output } = call
  const [classes, rules] = await withDatabase(call, async (pool) => {
    const names = new Map<string, string>((await readSystems(pool)).map(({ id, code }) => [id, code]))
    const named = (await listRetentionRules(pool)).map(({ systemId, ...rule }) => ({
      ...rule,
      system: systemId === null ? null : (names.get(systemId) ?? systemId),
    }))
    return [await listRetentionClasses(pool), named] as const
  })
  const any = output.t('retention.any')
  output.result({ classes, rules }, [
    ...table([output.t('retention.classColumns').split('|'), ...classes.map((each) => describe(call, each))]),
    '',
    ...table([
      output.t('retention.ruleColumns').split('|'),
      ...rules.map(({ classCode, kind, documentType, documentDetail, system }) => [
        classCode,
        kind ?? any,
        documentType ?? any,
        documentDetail ?? any,
        system ?? any,
      ]),
    ]),
  ])
}

/** `retention class CODE DAYS|never --reason TEXT [--note TEXT]` */
export async function changeClass(call: Call): Promise<void> {
  const { output, values } = call
  const [code, days] = [argument(call, 1, 'CODE'), argument(call, 2, 'DAYS | never')]
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(code) || !(days === 'never' || (/^\d{1,5}$/.test(days) && Number(days) <= 36_500)))
    throw new UsageError(output.t('retention.badClass'))
  const { note } = values
  const changed = { code, keepDays: days === 'never' ? null : Number(days), ...(note === undefined ? {} : { note }) }
  await change(
    call,
    { class: changed },
    output.t('retention.changed', { code, days: shownDays(call, changed.keepDays) }),
  )
}

/** `retention rule CLASS --reason TEXT [--kind document|status --type N --detail N --system CODE]` */
export async function changeRule(call: Call): Promise<void> {
  const { output, values } = call
  const { kind, type, detail, system } = values
  if (detail !== undefined && type === undefined) throw new UsageError(output.t('usage.missing', { what: '--type' }))
  const rule = await withDatabase(call, async (pool) => {
    const codes = (await listRetentionClasses(pool)).map(({ code }) => code)
    return {
      classCode: oneOf(call, 'CLASS', argument(call, 1, 'CLASS'), codes),
      kind: kind === undefined ? null : oneOf(call, '--kind', kind, ['document', 'status']),
      documentType: type ?? null,
      documentDetail: detail ?? null,
      systemId: system === undefined ? null : await systemIdOf(call, pool, system),
    }
  })
  await change(call, { rule }, output.t('retention.ruled', { code: rule.classCode }))
}

/** Does it, or files a request where the policy asks for a second operator. @throws UsageError without a reason */
async function change(call: Call, wanted: RetentionChange, said: string): Promise<void> {
  required(call, 'reason')
  const operated = await withOperations(call, (operations, cause) =>
    operate(operations, { on: 'retention', action: 'retention', change: wanted }, cause),
  )
  if (operated.kind === 'filed') return tellFiled(call, operated.request)
  call.output.result('rule' in wanted ? wanted.rule : wanted.class, [said])
}

async function systemIdOf(call: Call, pool: Pool, code: string): Promise<string | null> {
  const systems = await readSystems(pool)
  const known = oneOf(
    call,
    '--system',
    code,
    systems.map((each) => each.code),
  )
  return systems.find((each) => each.code === known)?.id ?? null
}

function describe(call: Call, { code, keepDays, note }: RetentionClass): string[] {
  return [code, shownDays(call, keepDays), note]
}

function shownDays({ output }: Call, days: number | null): string {
  return days === null ? output.t('retention.never') : output.t('retention.days', { days })
}
