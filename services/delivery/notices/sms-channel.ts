import { BusError, isBusError } from '../../../libs/errors/index.ts'
import { type OutgoingAnswer, type OutgoingClient, openOutgoing } from '../../../libs/http/index.ts'
import type { Channel, SendOutcome } from './channel.ts'

export interface SmsOptions {
  readonly url: URL
  readonly format: 'json' | 'form'
  /** Body with placeholders `{phone}`, `{text}`, `{id}`, `{secret}`. */
  readonly body: string
  readonly secret?: string
  /** Value of the header `authorization`, with `{secret}`. */
  readonly authorization?: string
  /** What the answer matches when the gateway took the message; any 2xx when absent. */
  readonly okPattern?: string
  readonly allowedNetworks: readonly string[]
  readonly timeoutMs: number
}

const ANSWER_BYTES = 8192
const CONTENT_TYPES = { json: 'application/json', form: 'application/x-www-form-urlencoded' } as const

/**
 * Short messages through any gateway that takes a POST. Called through the one outgoing client: bounded, to allowed networks only.
 * @throws BusError LT_CONF_INVALID: body or pattern cannot be read
 */
export function openSmsChannel(options: SmsOptions): Channel {
  const write = bodyWriter(options)
  const ok = readPattern(options.okPattern)
  const client: OutgoingClient = openOutgoing({
    allowedNetworks: options.allowedNetworks,
    connectTimeoutMs: options.timeoutMs,
    maxAnswerBytes: ANSWER_BYTES,
  })
  const { secret = '', authorization } = options
  const headers = {
    'content-type': CONTENT_TYPES[options.format],
    ...(authorization === undefined ? {} : { authorization: authorization.replaceAll('{secret}', secret) }),
  }
  return {
    longestMs: 2 * options.timeoutMs,
    close: () => client.close(),
    async send({ id, recipient, text }) {
      const bytes = Buffer.from(write({ phone: recipient, text, id, secret }))
      try {
        const answer = await client.send({
          method: 'POST',
          url: options.url,
          headers,
          body: once(bytes),
          size: bytes.length,
          timeoutMs: options.timeoutMs,
        })
        return outcomeOf(answer, ok)
      } catch (error) {
        return outcomeOfFault(error)
      }
    },
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
}

type Values = Readonly<Record<'phone' | 'text' | 'id' | 'secret', string>>

/** Values are put into the read form and written anew, so that no value can break out of its place. */
function bodyWriter({ format, body }: SmsOptions): (values: Values) => string {
  const fill = (text: string, values: Values): string =>
    text.replace(/\{(phone|text|id|secret)\}/g, (_, name: keyof Values) => values[name])
  if (format === 'form') {
    const fields = [...new URLSearchParams(body)]
    return (values) => new URLSearchParams(fields.map(([name, text]) => [name, fill(text, values)])).toString()
  }
  try {
    JSON.parse(body)
  } catch (cause) {
    throw new BusError('LT_CONF_INVALID', { problems: 'SMS_BODY is not JSON' }, { cause })
  }
  return (values) =>
    JSON.stringify(JSON.parse(body, (_, each: unknown) => (typeof each === 'string' ? fill(each, values) : each)))
}

function readPattern(pattern: string | undefined): RegExp | undefined {
  try {
    return pattern === undefined ? undefined : new RegExp(pattern)
  } catch (cause) {
    throw new BusError('LT_CONF_INVALID', { problems: 'SMS_OK_PATTERN is no regular expression' }, { cause })
  }
}

/** Of a gateway that failed in the middle (5xx but 503) nobody knows whether the message went on. */
function outcomeOf({ status, text }: OutgoingAnswer, ok: RegExp | undefined): SendOutcome {
  const reason = `HTTP ${status}`
  if (status >= 200 && status < 300) {
    if (!ok || ok.test(text)) return { state: 'SENT' }
    return { state: 'FAILED', code: 'LT_NTC_REFUSED', reason }
  }
  if ([401, 403, 404, 408, 425, 429, 503].includes(status))
    return { state: 'WAITING', code: 'LT_NTC_UNREACHABLE', reason }
  if (status >= 500) return { state: 'UNSURE', code: 'LT_NTC_UNSURE', reason }
  return { state: 'FAILED', code: 'LT_NTC_REFUSED', reason }
}

function outcomeOfFault(error: unknown): SendOutcome {
  const reason = isBusError(error) ? error.code : 'unknown'
  const before = ['LT_DLV_ADDRESS_REFUSED', 'LT_DLV_NOT_HTTPS', 'LT_DLV_UNREACHABLE']
  if (before.includes(reason)) return { state: 'WAITING', code: 'LT_NTC_UNREACHABLE', reason }
  return { state: 'UNSURE', code: 'LT_NTC_UNSURE', reason }
}
