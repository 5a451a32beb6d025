import type { IncomingMessage } from 'node:http'
import { BusError } from '../../../libs/errors/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'

/** Begins every header of the protocol; matched without regard to case. */
const PREFIX = 'xroadvnpt-'

/** What the caller signed, as it came; nothing of it is looked into before the secret proved it. */
export interface SignedText {
  /** The raw bytes of the signed JSON text. */
  readonly text: Buffer
  /** HMAC of the text, lower-case hex as claimed. */
  readonly mac: string
  /** Names that the caller says it signed. */
  readonly keys: string
  readonly claimedSystem: string
}

/** Names and values of the signed text. */
export type SignedPairs = readonly (readonly [name: string, value: string])[]

/** Parameters of a call: only what was signed, under the names of the protocol without their prefix. */
export interface Parameters {
  /** The value of the first of these spellings that was signed; spelling counts before case does not. */
  get(...names: string[]): string | undefined
}

/** Header values by lower-case name, each with its bytes as node shows them (latin-1). */
type RawHeaders = ReadonlyMap<string, readonly string[]>

export function rawHeadersOf({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): RawHeaders {
  const headers = new Map<string, string[]>()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), rawHeaders[at + 1] as string])
  }
  return headers
}

/**
 * What the caller signed, as bytes: values with accents come as UTF-8, and nobody guesses what else they could have been.
 * @throws BusError LT_DOOR_UNSIGNED, LT_DOOR_SIGNATURE_INVALID (a client that was set up without a system id)
 */
export function readSignedText(headers: RawHeaders): SignedText {
  const only = (name: string): string => {
    const values = headers.get(PREFIX + name) ?? []
    if (values.length !== 1 || values[0] === '') throw new BusError('LT_DOOR_UNSIGNED', { header: name })
    return values[0] as string
  }
  const text = Buffer.from(only('sign-header'), 'latin1')
  const signed = { text, mac: only('hash-header').toLowerCase(), keys: only('sign-header-key') }
  const claimed = headers.get(`${PREFIX}systemid`) ?? []
  if (claimed.length !== 1 || claimed[0] === '') throw new BusError('LT_DOOR_SIGNATURE_INVALID')
  return { ...signed, claimedSystem: claimed[0] as string }
}

/** The pairs of a text that was proved; the system is one of them. @throws BusError LT_DOOR_SIGNATURE_INVALID */
export function readPairs(text: Buffer): SignedPairs {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text))
  } catch (cause) {
    throw new BusError('LT_DOOR_SIGNATURE_INVALID', {}, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BusError('LT_DOOR_SIGNATURE_INVALID')
  const pairs = Object.entries(value).map(([key, each]): [string, string] => {
    if (typeof each !== 'string' || !key.toLowerCase().startsWith(PREFIX))
      throw new BusError('LT_DOOR_SIGNATURE_INVALID')
    return [key.slice(PREFIX.length), each]
  })
  if (!pairs.some(([name]) => name.toLowerCase() === 'systemid')) throw new BusError('LT_DOOR_SIGNATURE_INVALID')
  return pairs
}

/** Each signed pair stands in the real headers, byte for byte, and the list of names says what was signed. @throws BusError LT_DOOR_HEADER_CHANGED */
export function checkHeaders(pairs: SignedPairs, keys: string, headers: RawHeaders): void {
  for (const [name, value] of pairs) {
    const sent = Buffer.from(value, 'utf8').toString('latin1').trim()
    if (!headers.get(PREFIX + name.toLowerCase())?.some((each) => each.trim() === sent))
      throw new BusError('LT_DOOR_HEADER_CHANGED', { header: name.slice(0, 60) })
  }
  const said = keys.split(';').filter((name) => name !== '')
  const signed = new Set(pairs.map(([name]) => name))
  if (said.length !== signed.size || said.some((name) => !signed.has(name.replace(/^xroadvnpt-/i, ''))))
    throw new BusError('LT_DOOR_HEADER_CHANGED', { header: 'sign-header-key' })
}

export function parametersOf(pairs: SignedPairs, headers: RawHeaders): Parameters {
  const exact = new Map(pairs)
  const folded = new Map(pairs.map(([name, value]) => [name.toLowerCase(), value]))
  return {
    get(...names) {
      if (sabotaged('unsigned-parameter')) {
        const loose = names.map((name) => headers.get(PREFIX + name.toLowerCase())?.[0]).find((each) => each)
        if (loose) return loose
      }
      for (const name of names) if (exact.has(name)) return exact.get(name)
      for (const name of names) if (folded.has(name.toLowerCase())) return folded.get(name.toLowerCase())
      return undefined
    },
  }
}
