import { DSIG } from './algorithms.ts'
import { localPart, scanTags, type Tag } from './scan-tags.ts'

/** A signature taken out of its document. */
export interface CutSignature {
  /** The element, byte for byte. */
  readonly bytes: Buffer
  /** Namespaces in force around it, by prefix (`''`: the default one): its canonical form depends on them. */
  readonly namespaces: Readonly<Record<string, string>>
  /** Certificates of its KeyInfo (DER), in their order. */
  readonly certificates: readonly Buffer[]
}

const DECLARATION = /\sxmlns(?::([^\s=]+))?\s*=\s*(?:"([^"]*)"|'([^']*)')/g
const CERTIFICATE = /<(?:[\w.-]+:)?X509Certificate(?:\s[^>]*)?>([A-Za-z0-9+/=\s]+)<\//g
const MAX_CERTIFICATES = 8

/**
 * The first `ds:Signature` of a packet that was found well-formed when it was accepted: what is kept of it when its content goes.
 * Nothing is judged here. Undefined when there is none.
 */
export function cutSignature(packet: Buffer): CutSignature | undefined {
  const scopes: Readonly<Record<string, string>>[] = [{}]
  let found: { tag: Tag; outer: Readonly<Record<string, string>> } | undefined
  for (const tag of scanTags(packet)) {
    if (found) {
      if (tag.kind === 'close' && tag.depth === found.tag.depth)
        return cut(packet, found.tag.start, tag.end, found.outer)
      continue
    }
    if (tag.kind === 'close') continue
    const outer = scopes[tag.depth - 1] ?? {}
    const scope = { ...outer, ...declared(packet, tag) }
    scopes[tag.depth] = scope
    if (localPart(tag.name) !== 'Signature' || scope[prefixOf(tag.name)] !== DSIG) continue
    if (tag.kind === 'empty') return cut(packet, tag.start, tag.end, outer)
    found = { tag, outer }
  }
  return undefined
}

function declared(packet: Buffer, tag: Tag): Record<string, string> {
  const text = packet.toString('utf8', tag.start, tag.end)
  return Object.fromEntries(
    [...text.matchAll(DECLARATION)].map(([, prefix = '', double, single]) => [prefix, double ?? single ?? '']),
  )
}

function prefixOf(name: string): string {
  return name.includes(':') ? name.slice(0, name.indexOf(':')) : ''
}

function cut(packet: Buffer, start: number, end: number, namespaces: CutSignature['namespaces']): CutSignature {
  // A copy: the packet's own memory must not live as long as the cut.
  const bytes = Buffer.from(packet.subarray(start, end))
  const texts = [...bytes.toString('latin1').matchAll(CERTIFICATE)].slice(0, MAX_CERTIFICATES)
  return { bytes, namespaces, certificates: texts.map(([, text = '']) => Buffer.from(text, 'base64')) }
}
