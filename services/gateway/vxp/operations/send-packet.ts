import { BusError } from '../../../../libs/errors/index.ts'
import { readBody } from '../../../../libs/http/index.ts'
import type { Registry } from '../../../../libs/registry/index.ts'
import { submitDispatch } from '../../submit-dispatch.ts'
import type { DoorCall, Operation } from '../door.ts'
import { packetBody } from '../packet-body.ts'

/** `sendEdoc`: the packet in the body, through the admission of the native door. Sent again it gets the same `DocId`. */
export const sendPacket: Operation = {
  method: 'POST',
  failure: { DocId: '' },
  changes: true,
  async run(call, { gateway }) {
    const { parameters, system, request } = call
    const announced = parameters.get('hash-file')
    if (!announced) throw new BusError('LT_DOOR_BAD_PARAMETER', { name: 'hash-file' })
    checkFrom(call, gateway.registry)
    const { maxPacketBytes: maxBytes, uploadIdleMs: idleMs } = gateway.config
    const onlyTo = readReceivers(parameters.get('to'))
    const { found, repeated } = await submitDispatch(
      {
        caller: call.caller,
        system,
        incoming: { form: 'inline', body: packetBody(readBody({ raw: request }, { maxBytes, idleMs }), announced) },
        byRecipient: true,
        signal: call.signal,
        ...(onlyTo ? { onlyTo } : {}),
      },
      gateway.submission,
    )
    call.log.info({ dispatchId: found.dispatch_id, repeated }, 'sent at the compatible door')
    return { DocId: found.dispatch_id }
  },
}

/** The unit that says it sends is one that the system fronts; whom the packet names is judged with the packet. */
function checkFrom({ parameters, system }: DoorCall, registry: Pick<Registry, 'resolve' | 'fronts'>): void {
  const from = parameters.get('from')
  if (!from) return
  const resolution = registry.resolve(from, { tolerant: true })
  if (!resolution.ok) throw new BusError(resolution.problem.code, resolution.problem.params)
  if (!registry.fronts(system.code, resolution.agencyCode))
    throw new BusError('LT_AUTH_FOREIGN_AGENCY', { agency: from.slice(0, 64), system: system.code })
}

const MAX_RECEIVERS = 10_000

/** The text of a JSON array of codes; `undefined`: everybody the packet names. */
export function readReceivers(text: string | undefined): string[] | undefined {
  if (text === undefined || text.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new BusError('LT_DOOR_BAD_PARAMETER', { name: 'to' }, { cause })
  }
  const codes = Array.isArray(value) ? value : undefined
  if (!codes || codes.length > MAX_RECEIVERS || !codes.every((code) => typeof code === 'string'))
    throw new BusError('LT_DOOR_BAD_PARAMETER', { name: 'to' })
  return codes.length === 0 ? undefined : codes
}
