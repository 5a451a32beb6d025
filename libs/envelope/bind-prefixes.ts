import { QCVN_102, XLINK } from './wire-names.ts'

const PREFIXES: readonly (readonly [prefix: string, namespace: string])[] = [
  ['edXML', QCVN_102],
  ['xlink', XLINK],
]

/**
 * The packet with the two well-known prefixes bound on its root, for packets that use them without declaring them (the
 * hand-made file shipped with the vendor's client does). `undefined` when there is nothing to bind.
 */
export function bindPrefixes(bytes: Uint8Array): { readonly bytes: Buffer; readonly prefixes: string } | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const missing = missingPrefixes(buffer)
  if (!missing) return undefined
  const { at, declarations, prefixes } = missing
  return {
    bytes: Buffer.concat([buffer.subarray(0, at), Buffer.from(declarations), buffer.subarray(at)]),
    prefixes,
  }
}

/** The declarations that `bindPrefixes` adds, and where. */
export function missingPrefixes(
  buffer: Buffer,
): { readonly at: number; readonly declarations: string; readonly prefixes: string } | undefined {
  const tag = rootTag(buffer)
  if (!tag) return undefined
  const declared = buffer.toString('latin1', tag.nameEnd, tag.end)
  const missing = PREFIXES.filter(
    ([prefix]) => buffer.includes(`${prefix}:`) && !new RegExp(`\\sxmlns:${prefix}\\s?=`).test(declared),
  )
  if (missing.length === 0) return undefined
  return {
    at: tag.nameEnd,
    declarations: missing.map(([prefix, namespace]) => ` xmlns:${prefix}="${namespace}"`).join(''),
    prefixes: missing.map(([prefix]) => `${prefix}:`).join(' '),
  }
}

/** Where the name of the root element ends and where its start tag ends, comments and instructions passed over. */
function rootTag(buffer: Buffer): { nameEnd: number; end: number } | undefined {
  let at = buffer.indexOf('<')
  while (at >= 0 && (buffer[at + 1] === 0x3f || buffer[at + 1] === 0x21)) {
    const instruction = buffer[at + 1] === 0x3f
    const close = instruction ? '?>' : '-->'
    const end = buffer.indexOf(close, at + (instruction ? 2 : 4))
    if (end < 0) return undefined
    at = buffer.indexOf('<', end + close.length)
  }
  if (at < 0) return undefined
  const end = buffer.indexOf('>', at)
  const name = /^<[^\s/>]{1,200}/.exec(buffer.toString('latin1', at, at + 256))?.[0]
  return name && end > 0 ? { nameEnd: at + name.length, end } : undefined
}
