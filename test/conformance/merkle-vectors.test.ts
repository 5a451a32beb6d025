import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  type Digest,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from '../../libs/merkle/index.ts'

/** Proofs of the Go package transparency-dev/merkle, good and bad: `corpus/merkle` under LIENTHONG_CORPUS. */
interface Vector {
  readonly wantErr: boolean
  readonly proof: readonly string[] | null
  readonly leafIdx: number
  readonly treeSize: number
  readonly start: number
  readonly end: number
  readonly size: number
  readonly size1: number
  readonly size2: number
  readonly leafHash: string
  readonly root: string
  readonly root1: string
  readonly root2: string
}

const digest: Digest<Uint8Array> = (data) => createHash('sha256').update(data).digest()
const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64')
const corpus = process.env.LIENTHONG_CORPUS

const kinds: Record<string, (v: Vector, proof: Uint8Array[]) => Promise<boolean>> = {
  inclusion: (v, proof) =>
    verifyInclusion(digest, {
      index: v.leafIdx,
      size: v.treeSize,
      leafHash: bytes(v.leafHash),
      proof,
      root: bytes(v.root),
    }),
  consistency: (v, proof) =>
    verifyConsistency(digest, { size1: v.size1, size2: v.size2, root1: bytes(v.root1), root2: bytes(v.root2), proof }),
  subtreeinclusion: (v, proof) =>
    verifySubtreeInclusion(digest, {
      start: v.start,
      end: v.end,
      index: v.leafIdx,
      leafHash: bytes(v.leafHash),
      proof,
      root: bytes(v.root),
    }),
  subtreeconsistency: (v, proof) =>
    verifySubtreeConsistency(digest, {
      start: v.start,
      end: v.end,
      size: v.size,
      subtreeRoot: bytes(v.root1),
      root: bytes(v.root2),
      proof,
    }),
}

t.test('518 outside proofs', { skip: corpus ? false : 'LIENTHONG_CORPUS is not set' }, async (t) => {
  let seen = 0
  for (const [kind, verify] of Object.entries(kinds)) {
    const folder = join(corpus as string, 'corpus/merkle', kind)
    const wrong: string[] = []
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.json')) continue
      const vector = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Vector
      const accepted = await verify(vector, (vector.proof ?? []).map(bytes))
      if (accepted === vector.wantErr) wrong.push(name)
      seen++
    }
    t.same(wrong, [], kind)
  }
  t.equal(seen, 518, 'every vector was read')
})
