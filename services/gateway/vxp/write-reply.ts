import { type ServerResponse, STATUS_CODES } from 'node:http'
import { type BusError, type ErrorParams, fill } from '../../../libs/errors/index.ts'

/** Fields of a reply beside the three that every one has. */
export type ReplyFields = Readonly<Record<string, unknown>>

/** HTTP statuses that every version of the clients reads together with the body. */
export type ReplyStatus = 200 | 400 | 401 | 500

export const SUCCESS = { status: 'OK', ErrorCode: '0', ErrorDesc: 'Thanh cong' } as const

/** JSON in ASCII: some clients read replies in the character set of their platform, some as US-ASCII. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x00-\x7f]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** What our texts have beside letters. */
const SIGNS: Readonly<Record<string, string>> = {
  '“': '"',
  '”': '"',
  '‘': "'",
  '’': "'",
  '–': '-',
  '—': '-',
  '…': '...',
}

/** A text without Vietnamese accents. */
export const unaccented = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replaceAll('đ', 'd')
    .replaceAll('Đ', 'D')
    .replace(/[^ -~]/g, (sign) => SIGNS[sign] ?? '?')

/** How a refusal reads at this door. On 5xx nothing of the inside goes out. */
export function describeRefusal(error: BusError): { status: ReplyStatus; body: ReplyFields } {
  const { entry, code, params } = error
  const ours = entry.status >= 500
  const shown: ErrorParams = ours ? {} : params
  const text = (part: 'title' | 'advice'): string => fill(entry[part].vi, shown).replace(/\{\w{1,40}\}/g, '...')
  const said = unaccented(`${text('title')} ${text('advice')}`).slice(0, 600)
  return {
    status: statusOf(entry.status, code),
    body: { status: 'FAIL', ErrorCode: entry.vxpCode, ErrorDesc: `${said} [${code}]` },
  }
}

function statusOf(status: number, code: string): ReplyStatus {
  if (status === 401 || code === 'LT_AUTH_SUSPENDED' || code === 'LT_DOOR_NETWORK_REFUSED') return 401
  if (status >= 500 || status === 429) return 500
  return code.startsWith('LT_HTTP_') || code === 'LT_DOOR_UNKNOWN_OPERATION' ? 400 : 200
}

export function sendReply(response: ServerResponse, status: ReplyStatus, body: ReplyFields): void {
  const text = asciiJson(body)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': text.length,
    'cache-control': 'no-store',
  })
  response.end(text)
}

/** The same for a connection on which no request could be read; it is closed after it. */
export function rawReply(status: ReplyStatus, body: ReplyFields): string {
  const text = asciiJson(body)
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${text.length}`,
    'Connection: close',
    '',
    text,
  ].join('\r\n')
}
