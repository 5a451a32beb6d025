import type { Socket } from 'node:net'
import { BusError, type ErrorCode } from '../errors/index.ts'
import { PROBLEM_CONTENT_TYPE, problemOf } from './problem.ts'
import { newTraceId } from './trace-context.ts'

const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'LT_HTTP_HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'LT_HTTP_TIMEOUT',
}
const REASONS: Readonly<Record<string, string>> = {
  LT_HTTP_HEADERS_TOO_LARGE: '431 Request Header Fields Too Large',
  LT_HTTP_TIMEOUT: '408 Request Timeout',
  LT_HTTP_MALFORMED: '400 Bad Request',
}

/**
 * Answers what the HTTP parser itself refuses, then closes: after a malformed request nobody knows where the next begins.
 * Bytes already under way for another answer on the same connection are never followed by ours.
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  const answering = (socket as Socket & { _httpMessage?: { headersSent: boolean } | null })._httpMessage
  if (!socket.writable || error.code === 'ECONNRESET' || answering?.headersSent) {
    socket.destroy()
    return
  }
  const code = CODES[error.code ?? ''] ?? 'LT_HTTP_MALFORMED'
  const { body, headers } = problemOf(new BusError(code), newTraceId(), 'vi')
  const text = JSON.stringify(body)
  const lines = [
    `HTTP/1.1 ${REASONS[code]}`,
    `Content-Type: ${PROBLEM_CONTENT_TYPE}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Cache-Control: no-store',
    'Connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`)
  socket.setTimeout(2_000, () => socket.destroy())
}
