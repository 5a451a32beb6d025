import { addSystem, front, resumeSystem, suspendSystem } from '../../../libs/registry/index.ts'
import { readSystems } from '../../../libs/store/index.ts'
import type { Call } from '../command.ts'
import { argument, oneOf, required, shownTime } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { table } from '../output.ts'

/** `system add CODE NAME [--delivery pull|push --push-url URL --policy off|report|required --duplicates warn|refuse …]` */
export async function addSystemFromOptions(call: Call): Promise<void> {
  const { output, values } = call
  const { delivery, policy, duplicates, tolerance, traffic } = values
  const system = {
    code: argument(call, 1, 'CODE'),
    name: argument(call, 2, 'NAME'),
    ...(delivery ? { delivery: oneOf(call, '--delivery', delivery, ['pull', 'push']) } : {}),
    ...(policy ? { signaturePolicy: oneOf(call, '--policy', policy, ['off', 'report', 'required']) } : {}),
    ...(duplicates ? { duplicatePolicy: oneOf(call, '--duplicates', duplicates, ['warn', 'refuse']) } : {}),
    ...(tolerance ? { tolerance: oneOf(call, '--tolerance', tolerance, ['strict', 'tolerant']) } : {}),
    ...(traffic ? { traffic: oneOf(call, '--traffic', traffic, ['real', 'test']) } : {}),
    ...(values['push-url'] ? { pushUrl: values['push-url'] } : {}),
  }
  const row = await withDatabase(call, (pool) => addSystem(pool, system))
  output.result(row, [output.t('system.added', { code: row.code })])
}

/** `system list` */
export async function listSystems(call: Call): Promise<void> {
  const { output } = call
  const systems = await withDatabase(call, (pool) => readSystems(pool))
  const rows = systems.map(({ code, name, delivery, signaturePolicy, suspendedAt, suspendedReason }) => [
    code,
    name,
    delivery,
    signaturePolicy,
    suspendedAt
      ? output.t('system.suspendedSince', { time: shownTime(suspendedAt), reason: suspendedReason ?? '' })
      : output.t('system.active'),
  ])
  output.result(systems, table([output.t('system.columns').split('|'), ...rows]))
}

/** `system front CODE AGENCY [--without-descendants]`: the system receives for the agency, and the units below it, from now on. */
export async function frontAgency(call: Call): Promise<void> {
  const { output, flags } = call
  const [system, agency] = [argument(call, 1, 'CODE'), argument(call, 2, 'AGENCY')]
  const withDescendants = !flags['without-descendants']
  const row = await withDatabase(call, (pool) => front(pool, system, agency, { withDescendants }))
  const replaced = row.previousSystem !== null && row.previousSystem !== system ? row.previousSystem : undefined
  const previous = replaced === undefined ? '' : output.t('system.previous', { system: replaced })
  output.result(row, [output.t('system.fronted', { system, agency, previous })])
}

/** `system suspend CODE --reason TEXT` */
export async function suspend(call: Call): Promise<void> {
  const { output } = call
  const code = argument(call, 1, 'CODE')
  const reason = required(call, 'reason')
  const row = await withDatabase(call, (pool) => suspendSystem(pool, code, reason))
  output.result(row, [output.t('system.suspended', { code, reason: row.suspendedReason ?? '' })])
}

/** `system resume CODE` */
export async function resume(call: Call): Promise<void> {
  const code = argument(call, 1, 'CODE')
  const row = await withDatabase(call, (pool) => resumeSystem(pool, code))
  call.output.result(row, [call.output.t('system.resumed', { code })])
}
