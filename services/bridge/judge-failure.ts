import { ClientError, type ClientFault } from '../../libs/client/index.ts'
import { isBusError } from '../../libs/errors/index.ts'

/** Refusals that tell of the bridge's own set-up, which people mend: packets wait meanwhile. */
const OF_THE_BRIDGE = new Set(['LT_SUB_SUBSET_REFUSED', 'LT_CLIENT_ANSWER_UNREADABLE'])

/** Our axis's no to this very packet, which will not change; `undefined`: it may be taken later, or nobody knows whether it was. */
export function axisRefusal(error: unknown): ClientFault | undefined {
  if (!(error instanceof ClientError) || error.isTemporary || error.fault.status >= 500) return undefined
  const { code } = error
  if (OF_THE_BRIDGE.has(code) || (code.startsWith('LT_CLIENT_') && code !== 'LT_CLIENT_CONTENT_DAMAGED'))
    return undefined
  return code.startsWith('LT_AUTH_') && code !== 'LT_AUTH_FOREIGN_AGENCY' ? undefined : error.fault
}

/** The other axis's coded no. */
export function upstreamRefusal(error: unknown): { readonly code: string; readonly text: string } | undefined {
  if (!isBusError(error, 'LT_VXP_REFUSED')) return undefined
  return { code: String(error.params.code ?? ''), text: String(error.params.text ?? '') }
}

/** Nothing left the house: what was to be sent was surely not taken. */
export const wasNeverSent = (error: unknown): boolean =>
  ['LT_DLV_UNREACHABLE', 'LT_DLV_ADDRESS_REFUSED', 'LT_DLV_NOT_HTTPS'].some((code) => isBusError(error, code as never))

/** One of the two cannot be reached at all: there is no sense in trying the next packet now. */
export const isAway = (error: unknown): boolean =>
  wasNeverSent(error) || (error instanceof ClientError && error.code === 'LT_CLIENT_UNREACHABLE')
