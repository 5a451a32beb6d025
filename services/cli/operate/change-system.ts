import { DIALECT_PARTS } from '../../../libs/envelope/index.ts'
import type { JsonValue } from '../../../libs/merkle/index.ts'
import { operate } from '../../../libs/pipeline/index.ts'
import { addSystem, changeSystem, front, withdrawFront } from '../../../libs/registry/index.ts'
import {
  type BreakerRow,
  readSystem,
  readSystems,
  readTrippedBreakers,
  type SystemSettings,
} from '../../../libs/store/index.ts'
import { type Call, EXIT_CODES, UsageError } from '../command.ts'
import { argument, oneOf, required, shownTime, wholeNumber } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { table } from '../output.ts'
import { changeRegistry } from './change-registry.ts'
import { firstSecret, secretLines } from './door-secrets.ts'
import { renewTakenUp } from './renew-taken-up.ts'
import { tellFiled } from './tell-operated.ts'
import { withOperations } from './with-operations.ts'

/**
 * `system add CODE [NAME] [--fronts CODES] [--vxp] [--kind vxp-upstream]`, with the settings of `set`. `vxp-upstream`: another axis,
 * see `services/bridge`. `--vxp`: for a client program of today's axis. It gets a
 * secret, told once; its packets are put up with, their signatures reported.
 * `system add CODE NAME [--delivery pull|push --push-url URL --policy off|report|required --duplicates warn|refuse …]`
 */
export async function addSystemFromOptions(call: Call): Promise<void> {
  const { output, values, flags } = call
  const code = argument(call, 1, 'CODE')
  const name = flags.vxp || values.kind === 'vxp-upstream' ? (call.names[2] ?? code) : argument(call, 2, 'NAME')
  const settings = { ...(flags.vxp ? AT_THE_DOOR : {}), ...settingsOf(call) }
  const fronts = listOf(values.fronts ?? '')
  const kind = values.kind && oneOf(call, '--kind', values.kind, ['native', 'vxp-upstream'])
  const { row, secret } = await changeRegistry(
    call,
    async (client) => {
      const added = await addSystem(client, { ...settings, code, name, ...(kind ? { kind } : {}) })
      for (const agency of fronts) await front(client, code, agency, { withDescendants: true })
      return { row: added, secret: flags.vxp ? await firstSecret(call, client, added) : undefined }
    },
    () => ({ system: code, change: 'added', ...(kind ? { kind } : {}), settings: asJson(settings), fronts }),
  )
  output.result(secret === undefined ? row : { ...row, systemid: code, secret }, [
    output.t('system.added', { code }),
    ...(secret === undefined ? [] : secretLines(call, code, secret)),
  ])
}

/** Client programs of today's axis send what the native door refuses, with the sample's signature or none. */
const AT_THE_DOOR = { signaturePolicy: 'report', tolerance: 'tolerant' } as const

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')

/** `system set CODE` with the options of `add` and `--name`: changes what is given and leaves the rest. */
export async function setSystem(call: Call): Promise<void> {
  const { output } = call
  const code = argument(call, 1, 'CODE')
  const changes = settingsOf(call)
  if (Object.keys(changes).length === 0) {
    throw new UsageError(output.t('usage.missing', { what: SETTINGS.map((name) => `--${name}`).join(' | ') }))
  }
  const row = await changeRegistry(
    call,
    (client) => changeSystem(client, code, changes),
    () => ({ system: code, change: 'set', settings: asJson(changes) }),
  )
  const { delivery, signaturePolicy: policy, duplicatePolicy: duplicates, tolerance } = row
  output.result(row, [output.t('system.changed', { code, delivery, policy, duplicates, tolerance })])
}

/** The settings that options name are texts, numbers and truths. */
const asJson = (settings: Partial<SystemSettings>): JsonValue => settings as unknown as JsonValue

/** Options of `add` and `set`. */
const SETTINGS = [
  ...['name', 'delivery', 'push-url', 'push-concurrency', 'push-per-minute', 'push-ttl-minutes'],
  ...['hook-url', 'hook-receipts', 'policy', 'duplicates', 'tolerance', 'traffic'],
  ...['door-networks', 'door-connections', 'door-subtrees', 'dialect'],
] as const

/** The settings that the options name. An empty address, or number, takes it back. @throws UsageError */
function settingsOf(call: Call): Partial<SystemSettings> {
  const { values } = call
  const { name, delivery, policy, duplicates, tolerance, traffic } = values
  const { 'push-url': pushUrl, 'hook-url': hookUrl, 'hook-receipts': hookReceipts } = values
  return {
    ...(name === undefined ? {} : { name }),
    ...(delivery ? { delivery: oneOf(call, '--delivery', delivery, ['pull', 'push']) } : {}),
    ...(policy ? { signaturePolicy: oneOf(call, '--policy', policy, ['off', 'report', 'required']) } : {}),
    ...(duplicates ? { duplicatePolicy: oneOf(call, '--duplicates', duplicates, ['warn', 'refuse']) } : {}),
    ...(tolerance ? { tolerance: oneOf(call, '--tolerance', tolerance, ['strict', 'tolerant']) } : {}),
    ...(traffic ? { traffic: oneOf(call, '--traffic', traffic, ['real', 'test', 'shadow']) } : {}),
    ...(pushUrl === undefined ? {} : { pushUrl: pushUrl === '' ? null : pushUrl }),
    ...numberOf(call, 'push-concurrency', 'pushConcurrency', 1000),
    ...numberOf(call, 'push-per-minute', 'pushPerMinute', 1_000_000),
    ...numberOf(call, 'push-ttl-minutes', 'pushTtlMinutes', 525_600),
    ...(hookUrl === undefined ? {} : { hookUrl: hookUrl === '' ? null : hookUrl }),
    ...(values['door-networks'] === undefined ? {} : { doorNetworks: listOf(values['door-networks']) }),
    ...(values['door-connections'] ? { doorConnections: wholeNumber(call, 'door-connections', 64, [1, 10_000]) } : {}),
    ...(values['door-subtrees'] === undefined ? {} : { doorSubtrees: listOf(values['door-subtrees']) }),
    ...(values.dialect === undefined ? {} : { doorDialect: dialectOf(call, values.dialect) }),
    ...(hookReceipts
      ? { hookReceipts: oneOf(call, '--hook-receipts', hookReceipts, ['true', 'false']) === 'true' }
      : {}),
  }
}

/** Each part once, in the order of the list. */
function dialectOf(call: Call, text: string): SystemSettings['doorDialect'] {
  const named = new Set(listOf(text).map((part) => oneOf(call, '--dialect', part, DIALECT_PARTS)))
  return DIALECT_PARTS.filter((part) => named.has(part))
}

function numberOf(call: Call, option: string, setting: keyof SystemSettings, max: number): Partial<SystemSettings> {
  if (call.values[option] === undefined) return {}
  return { [setting]: call.values[option] === '' ? null : wholeNumber(call, option, 1, [1, max]) }
}

/** `system list` */
export async function listSystems(call: Call): Promise<void> {
  const { output } = call
  const [systems, breakers] = await withDatabase(call, (pool) =>
    Promise.all([readSystems(pool), readTrippedBreakers(pool)]),
  )
  const broken = (id: string): BreakerRow[] =>
    breakers.filter(({ system_id, state }) => system_id === id && state !== 'closed')
  const rows = systems.map(({ id, code, name, delivery, signaturePolicy, suspendedAt, suspendedReason }) => [
    code,
    name,
    delivery,
    signaturePolicy,
    suspendedAt
      ? output.t('system.suspendedSince', { time: shownTime(suspendedAt), reason: suspendedReason ?? '' })
      : [
          output.t('system.active'),
          ...broken(id).map((row) =>
            output.t(`system.broken.${row.purpose}`, { time: shownTime(row.opened_at), code: row.code ?? '' }),
          ),
        ].join('; '),
  ])
  const shown = systems.map((system) => ({ ...system, broken: broken(system.id) }))
  output.result(shown, table([output.t('system.columns').split('|'), ...rows]))
}

/** `system front CODE AGENCY [--without-descendants]`: the system receives for the agency, and the units below it, from now on. */
export async function frontAgency(call: Call): Promise<void> {
  const { output, flags } = call
  const [system, agency] = [argument(call, 1, 'CODE'), argument(call, 2, 'AGENCY')]
  const withDescendants = !flags['without-descendants']
  const row = await changeRegistry(
    call,
    (client) => front(client, system, agency, { withDescendants }),
    ({ previousSystem }) => ({ system, change: 'fronts', agency, withDescendants, previous: previousSystem }),
    (pool) => renewTakenUp(pool, agency, { systemCode: system, withDescendants }),
  )
  const replaced = row.previousSystem !== null && row.previousSystem !== system ? row.previousSystem : undefined
  const previous = replaced === undefined ? '' : output.t('system.previous', { system: replaced })
  output.result(row, [output.t('system.fronted', { system, agency, previous })])
}

/** `system unfront CODE AGENCY`: the system no longer receives for the agency; a system that fronts an agency above may. */
export async function unfrontAgency(call: Call): Promise<number> {
  const { output } = call
  const [system, agency] = [argument(call, 1, 'CODE'), argument(call, 2, 'AGENCY')]
  // Where it is that system's own declaration; another's stays.
  const front = await changeRegistry(
    call,
    (client) => withdrawFront(client, agency),
    (taken) => (taken?.systemCode === system ? { system, change: 'no-longer-fronts', agency } : undefined),
    (pool) => renewTakenUp(pool, agency, undefined),
  )
  const withdrawn = front?.systemCode === system
  output.result({ system, agency, withdrawn }, [
    output.t(withdrawn ? 'system.unfronted' : 'system.notFronted', { system, agency }),
  ])
  return withdrawn ? EXIT_CODES.done : EXIT_CODES.notFound
}

/** `system suspend CODE --reason TEXT [--as KEY_FILE]`, by an operator */
export const suspend = (call: Call): Promise<void> => changeSuspension(call, 'suspend')

/** `system resume CODE --reason TEXT [--as KEY_FILE]`, by an operator */
export const resume = (call: Call): Promise<void> => changeSuspension(call, 'resume')

async function changeSuspension(call: Call, action: 'suspend' | 'resume'): Promise<void> {
  const { output } = call
  const code = argument(call, 1, 'CODE')
  const reason = required(call, 'reason')
  await withOperations(call, async (operations, cause) => {
    const operated = await operate(operations, { on: 'system', action, system: code }, cause)
    if (operated.kind === 'filed') return tellFiled(call, operated.request)
    const row = await readSystem(operations.pool, code)
    const key = action === 'suspend' ? 'system.suspended' : 'system.resumed'
    output.result(row, [output.t(key, { code, reason: row?.suspendedReason ?? reason })])
  })
}
