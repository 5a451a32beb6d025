import { createHmac } from 'node:crypto'
import { asciiJson } from './ascii-text.ts'

const PREFIX = 'XroadVnpt-'
const VERSION = '3.0.201608'

/** Who we are at the other axis. */
export interface UpstreamIdentity {
  readonly systemId: string
  /** The text as it was given out; it is never decoded. */
  readonly secret: string
}

/** `ddMMyyyy'T'HHmmss+SSSS` in Asia/Ho_Chi_Minh; the part after the sign is milliseconds. */
export function callTimestamp(instant: Date): string {
  const [date = '', time = ''] = new Date(instant.getTime() + 7 * 3_600_000).toISOString().split('T')
  const [year = '', month = '', day = ''] = date.split('-')
  return `${day}${month}${year}T${time.slice(0, 8).replaceAll(':', '')}+${time.slice(9, 12).padStart(4, '0')}`
}

/**
 * The header fields of one call: every parameter in a header of its own, all of them once more as one JSON text, and the HMAC-SHA256 of
 * that text. Values are ASCII: what libraries make of other characters in headers differs.
 */
export function signCall(
  { systemId, secret }: UpstreamIdentity,
  contentType: string,
  parameters: Readonly<Record<string, string | undefined>>,
  now: Date,
): Record<string, string> {
  const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined)
  const pairs = [
    ['systemid', systemId],
    ['timestamp', callTimestamp(now)],
    ['Content-Type', contentType],
    ...given,
  ] as const
  const text = asciiJson(Object.fromEntries(pairs.map(([name, value]) => [PREFIX + name, value])))
  return {
    ...Object.fromEntries(pairs.map(([name, value]) => [PREFIX + name, value])),
    [`${PREFIX}sign-header`]: text,
    [`${PREFIX}sign-header-key`]: pairs.map(([name]) => name).join(';'),
    [`${PREFIX}hash-header`]: createHmac('sha256', secret).update(text).digest('hex'),
    [`${PREFIX}version`]: VERSION,
    'Content-Type': contentType,
  }
}

/** A SHA-256 as the clients of today's axis write it: no byte has its leading zero. */
export const announcedHash = (digest: Uint8Array): string => [...digest].map((byte) => byte.toString(16)).join('')
