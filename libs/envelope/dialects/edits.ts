/** One change of a text of bytes: `remove` bytes from `at` on give way to `insert`. */
export interface Edit {
  readonly at: number
  readonly remove: number
  readonly insert: string
}

/** Bytes with the edits made, as they stream by; nothing but the piece at hand is held. Edits stand in order and do not overlap. */
export async function* withEdits(
  bytes: AsyncIterable<Uint8Array>,
  edits: readonly Edit[],
): AsyncGenerator<Uint8Array, void, undefined> {
  let base = 0
  let next = 0
  /** Offset up to which bytes are passed over. */
  let skip = 0
  for await (const chunk of bytes) {
    const end = base + chunk.length
    let from = Math.max(base, skip)
    for (let edit = edits[next]; edit && edit.at < end; edit = edits[++next]) {
      if (edit.at > from) yield chunk.subarray(from - base, edit.at - base)
      if (edit.insert !== '') yield Buffer.from(edit.insert)
      skip = edit.at + edit.remove
      from = Math.max(from, skip)
    }
    if (from < end) yield chunk.subarray(from - base)
    base = end
  }
}

/** The same of bytes that are in memory. */
export function editBytes(bytes: Uint8Array, edits: readonly Edit[]): Buffer {
  const pieces: Uint8Array[] = []
  let from = 0
  for (const { at, remove, insert } of edits) {
    pieces.push(bytes.subarray(from, at), Buffer.from(insert))
    from = at + remove
  }
  return Buffer.concat([...pieces, bytes.subarray(from)])
}
