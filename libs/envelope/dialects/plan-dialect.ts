import { isDeepStrictEqual } from 'node:util'
import { isBusError } from '../../errors/index.ts'
import { allElements, localName, namespaceUri, type XmlTree } from '../../xml/index.ts'
import { missingPrefixes } from '../bind-prefixes.ts'
import type { Cut } from '../intake/cut.ts'
import { PacketScanner } from '../intake/packet-scanner.ts'
import { locateParts } from '../locate-parts.ts'
import { type OpenedPacket, openPacket } from '../open-packet.ts'
import { readBranch } from '../read-branch.ts'
import { isStatusPacket } from '../read-status.ts'
import { Reading } from '../reading.ts'
import { startOfXml } from '../recognise-start.ts'
import { wireTimestamp } from '../write-status-packet.ts'
import type { Dialect } from './dialect.ts'
import { editHeader } from './edit-header.ts'
import { editPrefixes } from './edit-prefixes.ts'
import { type Edit, editBytes } from './edits.ts'
import { pairTags } from './pair-tags.ts'

/** `edits`: none when the packet is already as asked. `unfit`: it must be handed over as it came. */
export type DialectPlan = { readonly edits: readonly Edit[] } | { readonly unfit: string }

/** Longer Base64 is cut out: no certificate is that long, and attachments shorter than this do not fill the rest. */
const CUT_OVER = 16 * 1024
/** A packet that has more beside its Base64 is not read twice for the sake of a form. */
const MAX_SKELETON = 512 * 1024
const MAX_CUTS = 1000

/**
 * Finds the changes that give a packet the form its receiver needs. What is not asked for stays byte for byte; the result has been read
 * again and says the same. One pass; what is held does not grow with the attachments. Hostile packets are `unfit`, never an error.
 * @throws only what reading `packet` throws
 */
export async function planDialect(packet: AsyncIterable<Uint8Array>, dialect: Dialect): Promise<DialectPlan> {
  const scanner = new PacketScanner({
    cutOver: CUT_OVER,
    maxSkeletonBytes: MAX_SKELETON,
    maxBytes: Number.MAX_SAFE_INTEGER,
    maxCuts: MAX_CUTS,
  })
  for await (const chunk of packet) {
    const failed = unlessFit(() => scanner.push(chunk))
    if (failed) return failed
    if (scanner.heldBytes > MAX_SKELETON) return { unfit: 'LT_ENV_TOO_LARGE' }
  }
  let plan: DialectPlan = { edits: [] }
  const failed = unlessFit(() => {
    const { skeleton, cuts, unusual } = scanner.end()
    plan = unusual ? { unfit: unusual.construct } : planSkeleton(skeleton, cuts, dialect)
  })
  return failed ?? plan
}

function unlessFit(work: () => void): { readonly unfit: string } | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (isBusError(error)) return { unfit: error.code }
    throw error
  }
}

function planSkeleton(skeleton: Buffer, cuts: readonly Cut[], dialect: Dialect): DialectPlan {
  const tokens = new Set(cuts.map(({ token }) => token))
  using opened = openPacket(skeleton, { tokens })
  const parts = locateParts(readBranch(opened.tree.root), new Reading())
  const start = startOfXml(skeleton)
  const body = skeleton.subarray(start)
  const tags = pairTags(opened.tree, body)
  if (!tags) return { unfit: 'tags' }
  const document = !isStatusPacket(parts)
  const binding = opened.repaired ? missingPrefixes(body) : undefined
  const header = document ? editHeader(parts, tags, dialect) : { edits: [], added: [] }
  const renames = dialect.parts.has('prefix')
    ? editPrefixes(parts, tags, (tag) => {
        const text = body.toString('latin1', tag.start, tag.end)
        return /\sxmlns:edXML\s*=/.test(text) || (tag.depth === 1 && binding !== undefined)
      })
    : []
  const wanted = [...header.edits, ...renames]
  if (wanted.length === 0) return { edits: [] }
  if (binding) wanted.push({ at: binding.at, remove: 0, insert: binding.declarations })
  const edits = wanted.map((edit) => ({ ...edit, at: edit.at + start })).sort((a, b) => a.at - b.at)

  using again = openPacket(editBytes(skeleton, edits), { tokens })
  if (!saysTheSame(opened, again, document ? dialect : undefined)) return { unfit: 'facts' }
  const expected = countNames(opened.tree)
  for (const name of header.added) count(expected, `${parts.envelope.namespace} ${name}`)
  if (!isDeepStrictEqual(countNames(again.tree), expected)) return { unfit: 'names' }
  return { edits: inPacket(edits, cuts) }
}

/** The facts, hops apart; the one hop that was added is the last. */
function saysTheSame(before: OpenedPacket, after: OpenedPacket, dialect: Dialect | undefined): boolean {
  const facts = ({ envelope, inlineAttachments }: OpenedPacket): object => ({
    ...envelope,
    inlineAttachments,
    dialect: '',
    warnings: [],
    trace: [],
  })
  const hop = { agency: dialect?.hop.agency ?? '', timestamp: dialect ? wireTimestamp(dialect.hop.at) : '' }
  const hops = dialect?.parts.has('traces') ? [...before.envelope.trace, hop] : before.envelope.trace
  return isDeepStrictEqual(facts(before), facts(after)) && isDeepStrictEqual(after.envelope.trace, hops)
}

function countNames(tree: XmlTree): Map<string, number> {
  const counts = new Map<string, number>()
  for (const element of allElements(tree)) count(counts, `${namespaceUri(element)} ${localName(element)}`)
  return counts
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Places in the skeleton as places in the packet: no change lies in a text that was cut out. */
function inPacket(edits: readonly Edit[], cuts: readonly Cut[]): Edit[] {
  let shift = 0
  let next = 0
  return edits.map((edit) => {
    for (let cut = cuts[next]; cut && cut.start - shift < edit.at; cut = cuts[++next])
      shift += cut.end - cut.start - cut.token.length
    return { ...edit, at: edit.at + shift }
  })
}
