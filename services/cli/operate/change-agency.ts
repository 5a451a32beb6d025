import { addAgency, addAlias, closeAgency } from '../../../libs/registry/index.ts'
import type { Call } from '../command.ts'
import { argument, required } from '../command-line.ts'
import { withDatabase } from '../database.ts'

/** `agency add CODE NAME [--parent CODE]` */
export async function addAgencyFromOptions(call: Call): Promise<void> {
  const { output, values } = call
  const [code, name] = [argument(call, 1, 'CODE'), argument(call, 2, 'NAME')]
  const row = await withDatabase(call, (pool) => addAgency(pool, { code, name, parentCode: values.parent ?? null }))
  output.result(row, [output.t('agency.added', { code: row.code, name: row.name })])
}

/** `agency close CODE --on yyyy-mm-dd [--successor CODE]` */
export async function closeAgencyFromOptions(call: Call): Promise<void> {
  const { output, values } = call
  const code = argument(call, 1, 'CODE')
  const closedOn = required(call, 'on')
  const row = await withDatabase(call, (pool) =>
    closeAgency(pool, code, { closedOn, successorCode: values.successor ?? null }),
  )
  output.result(row, [output.t('agency.closed', { code: row.code, date: row.closedOn ?? '' })])
}

/** `agency alias SPELLING CODE` */
export async function aliasAgency(call: Call): Promise<void> {
  const [alias, code] = [argument(call, 1, 'SPELLING'), argument(call, 2, 'CODE')]
  const row = await withDatabase(call, (pool) => addAlias(pool, { alias, code }))
  call.output.result(row, [call.output.t('agency.alias', { alias: row.alias, code: row.code })])
}
