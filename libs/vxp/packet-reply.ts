import type { OpenOutgoingAnswer } from '../http/index.ts'
import { judgeReply, parseReply, unreadable } from './read-reply.ts'

/** Bytes of a reply beside its packet. */
const MAX_REST = 64 * 1024
const DATA = /"data"\s*:\s*"/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/**
 * The packet in the reply of `getEdoc`, decoded as it comes: one piece at a time is held. The reply is judged when all of it was read: the
 * last piece comes only then, and what came before is worth nothing when this throws.
 * @throws BusError LT_VXP_REFUSED, LT_VXP_NOT_NOW, LT_VXP_UNREADABLE and what reading the body throws
 */
export async function* packetOfReply({
  status,
  body,
}: Pick<OpenOutgoingAnswer, 'status' | 'body'>): AsyncGenerator<Buffer, void, undefined> {
  let rest = ''
  let data = ''
  let place: 'before' | 'inside' | 'after' = 'before'
  let ended = false
  for await (const chunk of body) {
    let piece = chunk.toString('latin1')
    if (place === 'before') {
      rest += piece
      piece = ''
      const match = DATA.exec(rest)
      if (match) {
        piece = rest.slice(match.index + match[0].length)
        rest = rest.slice(0, match.index + match[0].length)
        place = 'inside'
      }
    }
    if (place === 'inside') {
      const end = piece.indexOf('"')
      data += end < 0 ? piece : piece.slice(0, end)
      if (end >= 0) {
        place = 'after'
        piece = piece.slice(end)
      } else piece = ''
      // Never cut within an escape.
      const whole = place === 'after' || !data.includes('\\') ? data.length : data.lastIndexOf('\\')
      const bare = unescaped(data.slice(0, whole))
      const usable = place === 'after' ? bare.length : bare.length - (bare.length % 4)
      if (!BASE64.test(bare.slice(0, usable)) || (ended && bare !== '')) throw unreadable(status, 'data')
      ended ||= bare.slice(0, usable).endsWith('=')
      data = bare.slice(usable) + data.slice(whole)
      if (usable > 0) yield Buffer.from(bare.slice(0, usable), 'base64')
    }
    if (place === 'after') rest += piece
    if (rest.length > MAX_REST) throw unreadable(status, 'data')
  }
  if (place === 'inside') throw unreadable(status, 'data')
  judgeReply(status, parseReply(status, Buffer.from(rest, 'latin1')))
  if (place === 'before') throw unreadable(status, 'data')
}

/** Base64 as JSON writers escape it. */
const unescaped = (text: string): string =>
  text.includes('\\')
    ? text
        .replaceAll('\\/', '/')
        .replaceAll(/\\u003d/gi, '=')
        .replaceAll(/\\u002b/gi, '+')
        .replaceAll(/\\u002f/gi, '/')
        .replaceAll(/\\[rn]/g, '')
    : text
