import { createHash } from 'node:crypto'
import { detailsDigest, leafBytes, leafHash } from '../../../../libs/merkle/index.ts'
import { sabotaged } from '../../../../libs/runtime/index.ts'
import type { CheckedEntry, CheckedLeaf } from '../../../../libs/store/index.ts'
import { type Finding, finding } from './finding.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

/** One entry: its hashes made anew from what they are of, and its one place in the log or in front of it. */
export function checkEntry(entry: CheckedEntry): Finding[] {
  const { id, event, event_time, salt, details, logged_hash, waiting } = entry
  const found: Finding[] = []
  const digest = entry.details_digest.toString('hex')
  const leaf = entry.leaf_hash.toString('hex')
  const own = salt === null || details === null ? digest : digestOf(salt, details)
  if (own !== digest && !sabotaged('fsck-blind-to-digest'))
    found.push(finding('entry-digest', id, { what: 'digest of the details', expected: digest, found: own }))
  const made = Buffer.from(
    leafHash(sha256, leafBytes({ id, event, time: event_time.toISOString(), detailsDigest: digest })),
  )
  if (made.toString('hex') !== leaf)
    found.push(finding('entry-leaf', id, { what: 'leaf hash', expected: made.toString('hex'), found: leaf }))
  if (logged_hash && !logged_hash.equals(entry.leaf_hash))
    found.push(
      finding('leaf-differs', id, { what: 'hash in the log', expected: leaf, found: logged_hash.toString('hex') }),
    )
  const places = (logged_hash ? 1 : 0) + waiting
  if (places === 0) found.push(finding('entry-unlogged', id, { what: 'place in the log', expected: 1, found: 0 }))
  if (places > 1) found.push(finding('entry-doubled', id, { what: 'place in the log', expected: 1, found: places }))
  return found
}

/** A salt of another length is no salt of ours. */
function digestOf(salt: Buffer, details: string): string {
  return salt.length === 16 ? detailsDigest(sha256, salt, details) : `salt of ${salt.length} bytes`
}

export interface LogPlace {
  readonly epoch: number
  readonly index: number
}

/** One place of the log behind another: no index is left out, and each names an entry. */
export function checkLeaf(before: LogPlace, { epoch, index, entry_id, known }: CheckedLeaf): Finding[] {
  const expected = epoch === before.epoch ? before.index + 1 : 0
  const found: Finding[] = []
  if (index !== expected)
    found.push(finding('index-gap', `${epoch}/${expected}`, { what: 'next index', expected, found: index }))
  if (!known)
    found.push(
      finding('leaf-without-entry', entry_id, { what: `${epoch}/${index}`, expected: 'an entry', found: 'none' }),
    )
  return found
}
