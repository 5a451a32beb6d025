import type { Actor, ErrorParams, RetryAdvice } from '../../errors/index.ts'
import { ClientError, type FaultText, localError } from './client-error.ts'

const MAX_PROBLEM_BYTES = 256 * 1024
const CODE = /^LT_[A-Z0-9_]{1,80}$/
const MAX_PAUSE_MS = 600_000
const ACTORS: readonly Actor[] = ['sender', 'receiver', 'axis', 'ca']
const RETRIES: readonly RetryAdvice[] = ['never', 'after-fix', 'later']

/** All bytes of an answer. @throws ClientError LT_CLIENT_ANSWER_UNREADABLE when there are more than `maxBytes` */
export async function readBytes(
  response: Response,
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) throw unreadable(response)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The JSON object of an answer. @throws ClientError LT_CLIENT_ANSWER_UNREADABLE */
export function parseAnswer(response: Response, bytes: Buffer): Record<string, unknown> {
  const type = response.headers.get('content-type') ?? ''
  const value = type.includes('json') ? parse(bytes) : undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable(response)
  return value as Record<string, unknown>
}

/** The refusal in an answer, as the error to throw. What is no problem of the axis says so: a proxy may have answered. */
export async function readRefusal(response: Response, body: AsyncIterable<Uint8Array>): Promise<ClientError> {
  try {
    const problem = parseAnswer(response, await readBytes(response, body, MAX_PROBLEM_BYTES))
    const { code, actor, retry, texts, params, detail, traceId } = problem
    if (typeof code !== 'string' || !CODE.test(code) || !isTexts(texts)) return unreadable(response)
    const retryAfterMs = pauseOf(response.headers.get('retry-after'))
    return new ClientError({
      code,
      status: response.status,
      actor: ACTORS.find((known) => known === actor) ?? 'axis',
      retry: RETRIES.find((known) => known === retry) ?? 'never',
      texts,
      ...(isParams(params) ? { params } : {}),
      ...(typeof detail === 'string' ? { detail } : {}),
      ...(typeof traceId === 'string' ? { traceId } : {}),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  } catch (error) {
    if (error instanceof ClientError) return error
    return unreadable(response, error)
  }
}

/** What an address may say of itself in an error: never its path, query or credentials. */
export function shownAddress(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url.slice(0, 100)
}

/** A refusal that nobody can read keeps its status: below 500 the same request is not sent again within one call. */
function unreadable(response: Response, cause?: unknown): ClientError {
  const { ok, status } = response
  const { fault } = localError('LT_CLIENT_ANSWER_UNREADABLE', { address: shownAddress(response.url), status })
  return new ClientError(ok ? fault : { ...fault, status }, { cause })
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

/** Retry-After in seconds; the axis never sends a date. */
function pauseOf(text: string | null): number | undefined {
  return text !== null && /^\d{1,6}$/.test(text) ? Math.min(MAX_PAUSE_MS, Number(text) * 1000) : undefined
}

function isTexts(value: unknown): value is { vi: FaultText; en: FaultText } {
  const texts = value as Partial<Record<'vi' | 'en', Partial<FaultText>>> | null | undefined
  return (['vi', 'en'] as const).every(
    (language) => typeof texts?.[language]?.title === 'string' && typeof texts[language].advice === 'string',
  )
}

function isParams(value: unknown): value is ErrorParams {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
