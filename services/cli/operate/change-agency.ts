import { addAgency, addAlias, closeAgency } from '../../../libs/registry/index.ts'
import type { Call } from '../command.ts'
import { argument, required } from '../command-line.ts'
import { changeRegistry } from './change-registry.ts'

/** `agency add CODE NAME [--parent CODE]` */
export async function addAgencyFromOptions(call: Call): Promise<void> {
  const { output, values } = call
  const [code, name] = [argument(call, 1, 'CODE'), argument(call, 2, 'NAME')]
  const parentCode = values.parent ?? null
  const row = await changeRegistry(
    call,
    (client) => addAgency(client, { code, name, parentCode }),
    (added) => ({ agency: added.code, change: 'added', name, parent: parentCode }),
  )
  output.result(row, [output.t('agency.added', { code: row.code, name: row.name })])
}

/** `agency close CODE --on yyyy-mm-dd [--successor CODE]` */
export async function closeAgencyFromOptions(call: Call): Promise<void> {
  const { output, values } = call
  const code = argument(call, 1, 'CODE')
  const closedOn = required(call, 'on')
  const successorCode = values.successor ?? null
  const row = await changeRegistry(
    call,
    (client) => closeAgency(client, code, { closedOn, successorCode }),
    (closed) => ({ agency: closed.code, change: 'closed', on: closedOn, successor: successorCode }),
  )
  output.result(row, [output.t('agency.closed', { code: row.code, date: row.closedOn ?? '' })])
}

/** `agency alias SPELLING CODE` */
export async function aliasAgency(call: Call): Promise<void> {
  const [alias, code] = [argument(call, 1, 'SPELLING'), argument(call, 2, 'CODE')]
  const row = await changeRegistry(
    call,
    (client) => addAlias(client, { alias, code }),
    () => ({ agency: code, change: 'alias', alias }),
  )
  call.output.result(row, [call.output.t('agency.alias', { alias: row.alias, code: row.code })])
}
