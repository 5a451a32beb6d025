import type { Cut } from './cut.ts'
import { CutText } from './cut-text.ts'
import { ElementText } from './element-text.ts'

const PIECE = 64 * 1024

/**
 * Cuts long Base64 texts out of a packet that lies in memory as a whole and is known to be well-formed and free of a DTD.
 * Unlike the scanner it also cuts texts with references and CDATA in them. Texts broken by comments, instructions or elements
 * stay where they are.
 */
export function cutWhole(packet: Buffer, cutOver: number): { skeleton: Buffer; cuts: Cut[] } {
  const cuts: Cut[] = []
  const kept: Buffer[] = []
  let done = 0
  for (const { start, end } of leafTexts(packet)) {
    const cut = end - start > cutOver ? cutText(packet, start, end) : undefined
    if (!cut) continue
    kept.push(packet.subarray(done, start), Buffer.from(cut.token))
    cuts.push(cut)
    done = end
  }
  kept.push(packet.subarray(done))
  return { skeleton: Buffer.concat(kept), cuts }
}

/** Where the content of each element lies that holds text, references and CDATA only. */
function* leafTexts(packet: Buffer): Generator<{ start: number; end: number }, void, undefined> {
  let start = -1
  for (let at = packet.indexOf('<'); at >= 0; at = packet.indexOf('<', at)) {
    if (startsWith(packet, at, '<![CDATA[')) {
      at = after(packet, at + 9, ']]>')
      continue
    }
    if (startsWith(packet, at, '</')) {
      if (start >= 0) yield { start, end: at }
      start = -1
      at = after(packet, at, '>')
    } else if (startsWith(packet, at, '<!--')) {
      start = -1
      at = after(packet, at + 4, '-->')
    } else if (startsWith(packet, at, '<?')) {
      start = -1
      at = after(packet, at + 2, '?>')
    } else {
      at = afterStartTag(packet, at)
      start = packet[at - 2] === 0x2f ? -1 : at
    }
  }
}

function startsWith(packet: Buffer, at: number, text: string): boolean {
  return packet.toString('latin1', at, at + text.length) === text
}

function after(packet: Buffer, from: number, text: string): number {
  const at = packet.indexOf(text, from, 'latin1')
  return at < 0 ? packet.length : at + text.length
}

function afterStartTag(packet: Buffer, from: number): number {
  let quote = 0
  for (let at = from; at < packet.length; at++) {
    const byte = packet[at] as number
    if (quote !== 0) {
      if (byte === quote) quote = 0
    } else if (byte === 0x22 || byte === 0x27) quote = byte
    else if (byte === 0x3e) return at + 1
  }
  return packet.length
}

/** The cut, or `undefined` when the text is not made of Base64 characters: then it is for the reader of the skeleton to judge. */
function cutText(packet: Buffer, start: number, end: number): Cut | undefined {
  const text = new ElementText(false)
  const cut = new CutText()
  for (let at = start; at < end; at += PIECE) {
    const bytes = text.push(packet.subarray(at, Math.min(end, at + PIECE)))
    if (cut.push(bytes, 0, bytes.length) < bytes.length) return undefined
  }
  text.end()
  return cut.finish(start, end)
}
