import type { Envelope } from '../model/index.ts'
import type { XmlLimits, XmlTree } from '../xml/index.ts'
import { locateParts } from './locate-parts.ts'
import { parseTolerantly } from './parse-tolerantly.ts'
import { type InlineAttachment, readInlineAttachments, readManifest } from './read-attachments.ts'
import { readBranch } from './read-branch.ts'
import { readDocument } from './read-document.ts'
import { isStatusPacket, readStatus } from './read-status.ts'
import { Reading } from './reading.ts'
import { startOfXml } from './recognise-start.ts'

export interface OpenOptions {
  readonly limits?: Partial<XmlLimits>
  /** The tokens that stand in the place of Base64 texts cut out before, each exactly once. */
  readonly tokens?: ReadonlySet<string>
}

/** A packet that was read: hold it with `using`, its tree's memory belongs to the engine. */
export interface OpenedPacket extends Disposable {
  readonly tree: XmlTree
  readonly envelope: Envelope
  /** Same as `envelope.dialect`. */
  readonly dialect: string
  /** Undeclared prefixes were bound: the tree is not what was sent, so a signature in it cannot be verified. */
  readonly repaired: boolean
  readonly inlineAttachments: readonly InlineAttachment[]
}

const NO_TOKENS: ReadonlySet<string> = new Set()

/**
 * Reads an edXML packet of any dialect the axis takes (D1, D1h, D2, D3, D5, D6), document or status. `skeleton` holds the
 * packet's bytes, long Base64 texts replaced by `options.tokens`.
 * @throws BusError LT_ENV_… when the packet cannot be read, or not in one way only; LT_BUS_TYPE_UNKNOWN,
 * LT_BUS_PRIORITY_RANGE, LT_BUS_STATUS_UNKNOWN for values without a meaning
 */
export function openPacket(skeleton: Uint8Array, options: OpenOptions = {}): OpenedPacket {
  const { tree, repaired } = parseTolerantly(skeleton.subarray(startOfXml(skeleton)), options.limits)
  try {
    const reading = new Reading()
    if (repaired !== undefined) reading.warn('ENV_PREFIX_UNDECLARED', { prefixes: repaired })
    const { envelope, inlineAttachments } = readPacket(
      tree,
      reading,
      options.tokens ?? NO_TOKENS,
      repaired !== undefined,
    )
    return {
      tree,
      envelope,
      dialect: envelope.dialect,
      repaired: repaired !== undefined,
      inlineAttachments,
      [Symbol.dispose]: () => tree.dispose(),
    }
  } catch (error) {
    tree.dispose()
    throw error
  }
}

function readPacket(
  tree: XmlTree,
  reading: Reading,
  tokens: ReadonlySet<string>,
  repaired: boolean,
): { envelope: Envelope; inlineAttachments: InlineAttachment[] } {
  const located = locateParts(readBranch(tree.root), reading)
  const parts = repaired && located.dialect === 'D1' ? { ...located, dialect: 'D1h' as const } : located
  if (parts.dialect === 'D3' || parts.dialect === 'D5') reading.warn('ENV_DIALECT_OLD', { dialect: parts.dialect })
  const inlineAttachments = readInlineAttachments(reading, parts, tokens)
  if (isStatusPacket(parts)) return { envelope: readStatus(reading, parts), inlineAttachments }
  const attachments = readManifest(reading, parts)
  if (parts.manifest === undefined && inlineAttachments.length > 0) reading.warn('ENV_MANIFEST_MISSING')
  return { envelope: readDocument(reading, parts, attachments), inlineAttachments }
}
