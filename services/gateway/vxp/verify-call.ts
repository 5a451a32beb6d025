import { createHmac, timingSafeEqual } from 'node:crypto'
import { BusError } from '../../../libs/errors/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import type { SystemRow } from '../../../libs/store/index.ts'
import {
  checkHeaders,
  type Parameters,
  parametersOf,
  type rawHeadersOf,
  readPairs,
  readSignedText,
} from './read-call.ts'

export interface VerifyOptions {
  readonly system: (code: string) => SystemRow | undefined
  readonly secretsOf: (systemId: string) => readonly Buffer[]
}

/** A call whose secret is proved. */
export interface VerifiedCall {
  readonly system: SystemRow
  readonly parameters: Parameters
  /** The proved HMAC: the same again is the same text again. */
  readonly mac: string
}

/** So that a system without a secret takes as long as a wrong one. */
const NOBODYS = [Buffer.alloc(32)]

/**
 * Proves who calls: HMAC-SHA256 over the bytes of the signed text, under the secret as it was given out, before the text is
 * looked into; every signed pair is then held against the real headers. No time stamp is judged: a client makes one when it starts and sends it for weeks.
 * @throws BusError LT_DOOR_UNSIGNED, LT_DOOR_SIGNATURE_INVALID, LT_DOOR_HEADER_CHANGED, LT_AUTH_SUSPENDED
 */
export function verifyCall(headers: ReturnType<typeof rawHeadersOf>, options: VerifyOptions): VerifiedCall {
  const signed = readSignedText(headers)
  const system = options.system(signed.claimedSystem)
  const known = system && system.code === signed.claimedSystem ? options.secretsOf(system.id) : []
  const secrets = known.length > 0 ? known : NOBODYS
  const claimed = Buffer.from(signed.mac, 'latin1')
  let proved = false
  for (const secret of secrets) {
    const mac = Buffer.from(createHmac('sha256', secret).update(signed.text).digest('hex'), 'latin1')
    if (mac.length === claimed.length && timingSafeEqual(mac, claimed)) proved = true
  }
  if (!system || !proved || known.length === 0) throw new BusError('LT_DOOR_SIGNATURE_INVALID')
  const pairs = readPairs(signed.text)
  checkHeaders(pairs, signed.keys, headers)
  if (system.suspendedAt) throw new BusError('LT_AUTH_SUSPENDED')
  const parameters = parametersOf(pairs, headers)
  if (sabotaged('timestamp-window') && isOld(parameters.get('timestamp')))
    throw new BusError('LT_DOOR_SIGNATURE_INVALID')
  return { system, parameters, mac: signed.mac }
}

const WINDOW_MS = 15 * 60_000

function isOld(timestamp = ''): boolean {
  const [, day, month, year, hour, minute] = /^(\d\d)(\d\d)(\d{4})T(\d\d)(\d\d)/.exec(timestamp) ?? []
  return !(Math.abs(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:00+07:00`) - Date.now()) < WINDOW_MS)
}
