/** One DER element: where its content starts and ends (ITU-T X.690, 10). */
export interface DerElement {
  readonly tag: number
  readonly start: number
  readonly end: number
}

export class DerFault extends Error {}

/** Reads the element at an offset; definite lengths of at most four bytes, single-byte tags. */
export function readDer(bytes: Uint8Array, at: number, limit: number): DerElement {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || at + 2 > limit || (tag & 0x1f) === 0x1f) throw new DerFault('bad DER')
  let start = at + 2
  let length = first
  if (first & 0x80) {
    const octets = first & 0x7f
    if (octets === 0 || octets > 4) throw new DerFault('bad DER length')
    length = 0
    for (let i = 0; i < octets; i += 1) length = length * 256 + (bytes[start + i] ?? 0)
    start += octets
  }
  if (start + length > limit) throw new DerFault('DER element is cut off')
  return { tag, start, end: start + length }
}

/** The elements directly inside another. */
export function derChildren(bytes: Uint8Array, parent: DerElement): DerElement[] {
  const children: DerElement[] = []
  for (let at = parent.start; at < parent.end; ) {
    const child = readDer(bytes, at, parent.end)
    children.push(child)
    at = child.end
  }
  return children
}

/** An OBJECT IDENTIFIER in dotted form. */
export function derOid(bytes: Uint8Array, element: DerElement): string {
  const arcs: number[] = []
  let value = 0
  for (let at = element.start; at < element.end; at += 1) {
    const byte = bytes[at] as number
    value = value * 128 + (byte & 0x7f)
    if (byte & 0x80) continue
    if (arcs.length === 0)
      arcs.push(Math.min(Math.floor(value / 40), 2), value - 40 * Math.min(Math.floor(value / 40), 2))
    else arcs.push(value)
    value = 0
  }
  return arcs.join('.')
}
