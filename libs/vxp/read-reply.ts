import { BusError } from '../errors/index.ts'
import type { OpenOutgoingAnswer } from '../http/index.ts'
import { asciiText } from './ascii-text.ts'

/** A reply whose three fields say that the call succeeded. */
export type Reply = Readonly<Record<string, unknown>>

/** Codes that say nothing about the packet: wrong secret (people mend that), trouble over there. */
const PASSING = new Set(['15', '20'])
const TEXT = 300

/** Reads a whole body. */
export async function readBytes(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** @throws BusError LT_VXP_REFUSED, LT_VXP_NOT_NOW, LT_VXP_UNREADABLE and what reading the body throws */
export async function readReply({ status, body }: Pick<OpenOutgoingAnswer, 'status' | 'body'>): Promise<Reply> {
  return judgeReply(status, parseReply(status, await readBytes(body)))
}

export function parseReply(status: number, bytes: Uint8Array): Reply {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw unreadable(status, 'JSON', cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable(status, 'JSON')
  return value as Reply
}

/** A success is only what says so in all its fields: an error page that looks like one must not count as an answer. */
export function judgeReply(status: number, reply: Reply): Reply {
  const { status: said, ErrorCode: code, ErrorDesc: text } = reply
  if (typeof said !== 'string' || (typeof code !== 'string' && typeof code !== 'number'))
    throw unreadable(status, 'status, ErrorCode')
  if (said.toUpperCase() === 'OK' && String(code) === '0' && status === 200) return reply
  const params = { code: asciiText(String(code), 20), text: asciiText(typeof text === 'string' ? text : '', TEXT) }
  const passes = status >= 400 || PASSING.has(params.code) || params.code === '0'
  throw new BusError(passes ? 'LT_VXP_NOT_NOW' : 'LT_VXP_REFUSED', params)
}

export const unreadable = (status: number, what: string, cause?: unknown): BusError =>
  new BusError('LT_VXP_UNREADABLE', { reason: `HTTP ${status}, ${what}` }, { cause })
