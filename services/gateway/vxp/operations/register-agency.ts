import { BusError } from '../../../../libs/errors/index.ts'
import { readBody } from '../../../../libs/http/index.ts'
import { EVENTS, normalizeCode, oldToNew } from '../../../../libs/model/index.ts'
import { sealEntry } from '../../../../libs/pipeline/index.ts'
import { checkAgency } from '../../../../libs/registry/index.ts'
import {
  appendEntries,
  closeAtDoor,
  type DoorRequest,
  inTransaction,
  keepDoorRequest,
  type PoolClient,
  registerAtDoor,
} from '../../../../libs/store/index.ts'
import type { Gateway } from '../../gateway.ts'
import type { Door, DoorCall, Operation } from '../door.ts'

const MAX_BODY_BYTES = 64 * 1024

/**
 * `registerAgency`. Its body is signed by nobody: what it may bring about is bounded by what the system was given, and done by the
 * database itself. Outside of that it waits for an operator.
 */
export const registerAgency: Operation = {
  method: 'POST',
  failure: {},
  changes: true,
  async run(call, { gateway }) {
    const body = await readJson(call, gateway)
    const code = codeOf(body.code)
    checkMayAsk(call, gateway, code)
    const pcode = codeOf(body.pcode, false)
    const agency = checkAgency({
      code,
      name: body.name ?? '',
      ...(pcode === '' || pcode === code ? {} : { parentCode: pcode }),
      contact: {
        ...(body.mail ? { email: body.mail } : {}),
        ...(body.mobile ? { telephone: body.mobile } : {}),
      },
    })
    const request: DoorRequest = { action: 'register', agencyCode: code, details: { name: agency.name, pcode } }
    await change(call, gateway, request, (client) => registerAtDoor(client, call.system.id, agency))
    return {}
  },
}

/** `deleteAgency`: the code is closed, never deleted, and only when nothing is on its way to it. */
export const deleteAgency: Operation = {
  method: 'POST',
  failure: {},
  changes: true,
  async run(call: DoorCall, { gateway }: Door) {
    const code = codeOf(call.parameters.get('AgencyCode'))
    checkMayAsk(call, gateway, code)
    const request: DoorRequest = { action: 'delete', agencyCode: code, details: {} }
    await change(call, gateway, request, (client) => closeAtDoor(client, call.system.id, code))
    return {}
  },
}

/** Off until an operator gives the system a code; what another system receives for is never touched. */
function checkMayAsk({ system }: DoorCall, { registry }: Gateway, code: string): void {
  const above = isGiven(system, code) ? undefined : registry.ancestors(code)[0]
  const nearest = registry.receivingSystem(code) ?? (above && registry.receivingSystem(above.code))
  if (system.doorSubtrees.length === 0 || (nearest && nearest.system.code !== system.code))
    throw new BusError('LT_DOOR_REGISTRATION_REFUSED', { code })
}

const isGiven = ({ doorSubtrees }: DoorCall['system'], code: string): boolean =>
  doorSubtrees.some((root) => code.startsWith(`${root}.`))

async function change(
  { system, log }: DoorCall,
  { pool, registry }: Gateway,
  request: DoorRequest,
  run: (client: PoolClient) => Promise<boolean>,
): Promise<void> {
  const { action, agencyCode } = request
  if (isGiven(system, agencyCode)) {
    const done = await inTransaction(pool, async (client) => {
      const changed = await run(client)
      const details = { system: system.code, change: `door-${action}`, agency: agencyCode, operator: 'door' }
      if (changed) await appendEntries(client, [sealEntry({ event: EVENTS.registryChanged, details }, new Date())])
      return changed
    })
    if (!done) throw new BusError('LT_DOOR_REGISTRATION_REFUSED', { code: agencyCode })
    log.info({ agency: agencyCode, action }, 'the directory was changed at the compatible door')
    await registry.refresh()
    return
  }
  await keepDoorRequest(pool, system.id, request)
  throw new BusError('LT_DOOR_REGISTRATION_WAITS', { code: agencyCode })
}

/** The canonical form of a code that need not be registered. */
function codeOf(text: string | undefined, required = true): string {
  const code = normalizeCode(text ?? '')
  if (code === '' && required) throw new BusError('LT_DOOR_BAD_PARAMETER', { name: 'code' })
  return oldToNew(code) ?? code
}

async function readJson(
  { request }: DoorCall,
  { config }: Gateway,
): Promise<Readonly<Record<string, string | undefined>>> {
  const chunks: Buffer[] = []
  const limits = { maxBytes: MAX_BODY_BYTES, idleMs: config.uploadIdleMs }
  for await (const chunk of readBody({ raw: request }, limits)) chunks.push(chunk)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)))
  } catch (cause) {
    throw new BusError('LT_HTTP_BODY_MALFORMED', {}, { cause })
  }
  if (typeof value !== 'object' || value === null) throw new BusError('LT_HTTP_BODY_MALFORMED')
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, typeof each === 'string' ? each : undefined]),
  )
}
