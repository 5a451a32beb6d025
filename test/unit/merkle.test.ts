import { createHash, webcrypto } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import {
  appendLeaves,
  canonicalJson,
  consistencyProof,
  type Digest,
  detailsDigest,
  EMPTY_FRONTIER,
  emptyRoot,
  fromHex,
  frontierFromJson,
  frontierRoot,
  frontierToJson,
  type GetNode,
  inclusionProof,
  isSubtree,
  type JsonValue,
  leafBytes,
  leafHash,
  nodeHash,
  parseTilePath,
  rangeRoot,
  subtreeConsistencyProof,
  tileOf,
  tilePath,
  tileWidth,
  toHex,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from '../../libs/merkle/index.ts'

const digest: Digest<Uint8Array> = (data) => createHash('sha256').update(data).digest()
const webDigest: Digest<Promise<Uint8Array>> = async (data) =>
  new Uint8Array(await webcrypto.subtle.digest('SHA-256', data))

/** RFC 6962 2.1, word for word and nothing clever: what everything else is held against. */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot(digest)
  if (leaves.length === 1) return leaves[0] as Uint8Array
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return nodeHash(digest, naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)))
}

const leaves = Array.from({ length: 130 }, (_, n) => leafHash(digest, Uint8Array.of(n)))
const getNode: GetNode = (level, index) => naiveRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level))
const flip = (hash: Uint8Array): Uint8Array => hash.map((byte, at) => (at === 5 ? byte ^ 4 : byte))
const sizes = fc.integer({ min: 1, max: leaves.length })

t.test('tree hashes are those of RFC 6962', async (t) => {
  // Roots over the eight leaves of the Certificate Transparency reference implementation.
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
  const hashes = inputs.map((hex) => leafHash(digest, fromHex(hex) as Uint8Array))
  t.equal(toHex(emptyRoot(digest)), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  t.equal(toHex(hashes[0] as Uint8Array), '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
  t.equal(toHex(naiveRoot(hashes)), '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
  t.throws(() => nodeHash(digest, new Uint8Array(31), new Uint8Array(32)), RangeError)
})

t.test('inclusion: every proof we build holds, and no other', async (t) => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), async (size, seed) => {
      const index = seed % size
      const root = naiveRoot(leaves.slice(0, size))
      const proof = await inclusionProof(digest, size, index, getNode)
      const claim = { index, size, leafHash: leaves[index] as Uint8Array, proof, root }
      if (!(await verifyInclusion(digest, claim)) || !(await verifyInclusion(webDigest, claim))) return false
      const wrong = [
        { ...claim, index: (index + 1) % (size + 1) },
        { ...claim, leafHash: flip(claim.leafHash) },
        { ...claim, root: flip(root) },
        { ...claim, proof: [...proof, root] },
        {
          ...claim,
          proof: proof.map((hash, at) => (at === seed % proof.length ? flip(hash) : hash)),
          root: flip(root),
        },
        ...(proof.length > 0
          ? [
              { ...claim, proof: proof.slice(1) },
              { ...claim, proof: [flip(proof[0] as Uint8Array), ...proof.slice(1)] },
            ]
          : []),
        { ...claim, index: -1 },
        { ...claim, size: Number.POSITIVE_INFINITY },
        { ...claim, index: 0.5 },
        { ...claim, leafHash: new Uint8Array(8) },
      ]
      for (const one of wrong) if (await verifyInclusion(digest, one)) return false
      return true
    }),
    { numRuns: 150 },
  )
  await t.rejects(inclusionProof(digest, 4, 4, getNode), RangeError)
})

t.test('consistency: every pair of sizes', async (t) => {
  const wrong: string[] = []
  for (let size2 = 1; size2 <= 40; size2++) {
    const root2 = naiveRoot(leaves.slice(0, size2))
    for (let size1 = 1; size1 <= size2; size1++) {
      const root1 = naiveRoot(leaves.slice(0, size1))
      const proof = await consistencyProof(digest, size1, size2, getNode)
      const claim = { size1, size2, root1, root2, proof }
      if (!(await verifyConsistency(digest, claim))) wrong.push(`${size1} ${size2} refused`)
      if (await verifyConsistency(digest, { ...claim, root1: flip(root1) }))
        wrong.push(`${size1} ${size2} other root 1`)
      if (await verifyConsistency(digest, { ...claim, root2: flip(root2) }))
        wrong.push(`${size1} ${size2} other root 2`)
      if (await verifyConsistency(digest, { ...claim, proof: [...proof, root1] }))
        wrong.push(`${size1} ${size2} longer`)
    }
  }
  t.same(wrong, [])
  const root = naiveRoot(leaves.slice(0, 3))
  t.notOk(
    await verifyConsistency(digest, { size1: 0, size2: 3, root1: emptyRoot(digest), root2: root, proof: [] }),
    'from nothing',
  )
  t.notOk(await verifyConsistency(digest, { size1: 3, size2: 2, root1: root, root2: root, proof: [] }), 'backwards')
  t.notOk(await verifyConsistency(digest, { size1: 2, size2: 3, root1: root, root2: root, proof: [] }), 'proof missing')
  await t.rejects(consistencyProof(digest, 0, 3, getNode), RangeError)
  await t.rejects(consistencyProof(digest, 4, 3, getNode), RangeError)
})

t.test('subtrees: every valid range of every tree up to 24', async (t) => {
  const wrong: string[] = []
  for (let size = 1; size <= 24; size++) {
    const root = naiveRoot(leaves.slice(0, size))
    for (let start = 0; start < size; start++) {
      for (let end = start + 1; end <= size; end++) {
        if (!isSubtree(start, end)) continue
        const subtreeRoot = naiveRoot(leaves.slice(start, end))
        const proof = await subtreeConsistencyProof(digest, { start, end, size }, getNode)
        const claim = { start, end, size, subtreeRoot, root, proof }
        if (!(await verifySubtreeConsistency(digest, claim))) wrong.push(`${start} ${end} ${size}`)
        if (await verifySubtreeConsistency(digest, { ...claim, subtreeRoot: flip(subtreeRoot) }))
          wrong.push(`${start} ${end} ${size} root`)
        const path = await inclusionProof(digest, end - start, 0, (level, at) =>
          getNode(level, at + start / 2 ** level),
        )
        const leaf = { start, end, index: start, leafHash: leaves[start] as Uint8Array, proof: path, root: subtreeRoot }
        if (!(await verifySubtreeInclusion(digest, leaf))) wrong.push(`${start} ${end} leaf`)
        if (await verifySubtreeInclusion(digest, { ...leaf, index: start - 1 }))
          wrong.push(`${start} ${end} left of it`)
      }
    }
  }
  t.same(wrong, [])
  await t.rejects(subtreeConsistencyProof(digest, { start: 1, end: 3, size: 8 }, getNode), RangeError)
})

t.test('the frontier knows the root of every size and survives being written down', async (t) => {
  await fc.assert(
    fc.asyncProperty(sizes, sizes, async (a, b) => {
      const [first, second] = a < b ? [a, b] : [b, a]
      const nodes = new Map<string, string>()
      const early = await appendLeaves(digest, EMPTY_FRONTIER, leaves.slice(0, first), (level, index, hash) =>
        nodes.set(`${level}/${index}`, toHex(hash)),
      )
      const restored = frontierFromJson(JSON.parse(JSON.stringify(frontierToJson(early))))
      const late = await appendLeaves(webDigest, restored, leaves.slice(first, second))
      const roots = [await frontierRoot(digest, early), await frontierRoot(digest, late)].map(toHex)
      const complete = [...nodes].every(([at, hash]) => {
        const [level, index] = at.split('/').map(Number) as [number, number]
        return hash === toHex(getNode(level, index) as Uint8Array)
      })
      const naive = [first, second].map((size) => toHex(naiveRoot(leaves.slice(0, size))))
      return complete && restored.size === first && late.size === second && roots.join() === naive.join()
    }),
    { numRuns: 60 },
  )
  t.equal(toHex(await frontierRoot(digest, EMPTY_FRONTIER)), toHex(emptyRoot(digest)))
  t.equal(toHex(await rangeRoot(digest, 0, 0, getNode)), toHex(emptyRoot(digest)))
  await t.rejects(appendLeaves(digest, EMPTY_FRONTIER, [new Uint8Array(3)]), RangeError)
  const good = frontierToJson(await appendLeaves(digest, EMPTY_FRONTIER, leaves.slice(0, 3)))
  const bad: unknown[] = [
    null,
    'x',
    {},
    { ...good, size: '3' },
    { ...good, size: 4 },
    { ...good, size: -1 },
    { ...good, hashes: [good.hashes[0]] },
    { ...good, hashes: [good.hashes[0], 7] },
    { ...good, hashes: [good.hashes[0], 'zz'.repeat(32)] },
    { ...good, hashes: [good.hashes[0], 'ab'] },
    { ...good, hashes: 'no' },
  ]
  for (const value of bad) t.throws(() => frontierFromJson(value), { code: 'LT_LOG_FRONTIER_UNREADABLE' })
})

t.test('canonical JSON', async (t) => {
  // RFC 8785 3.2.2 and 3.2.3: the standard's own examples.
  t.equal(
    canonicalJson({
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    }),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  )
  const order = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 }
  t.equal(
    canonicalJson(order)
      .match(/\d(?=[,}])/g)
      ?.join(),
    '2,4,6,7,1,5,3',
    'by UTF-16 code units',
  )
  t.equal(canonicalJson(-0), '0')
  const deep = (levels: number): JsonValue => (levels === 0 ? 1 : [deep(levels - 1)])
  t.equal(canonicalJson(deep(64)).length, 129)
  for (const value of [
    deep(65),
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '\ud800',
    { '\udc00': 1 },
    undefined,
    { a: undefined },
    new Date(),
    () => 1,
    1n,
  ])
    t.throws(() => canonicalJson(value as JsonValue), TypeError)
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value as JsonValue)
      return (
        canonicalJson(JSON.parse(text) as JsonValue) === text &&
        isDeepStrictEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
      )
    }),
  )
})

t.test('leaves', async (t) => {
  const entry = { id: '0193', event: 'SubmissionAcceptance', time: '2026-11-22T01:02:03.004Z', detailsDigest: 'ab' }
  const text = '{"detailsDigest":"ab","event":"SubmissionAcceptance","id":"0193","time":"2026-11-22T01:02:03.004Z"}'
  t.equal(Buffer.from(leafBytes({ ...entry, surplus: 1 } as never)).toString(), text)
  const salt = new Uint8Array(16).fill(7)
  const expected = createHash('sha256').update(salt).update('{"é":1}').digest('hex')
  t.equal(detailsDigest(digest, salt, '{"é":1}'), expected)
  t.equal(await detailsDigest(webDigest, salt, '{"é":1}'), expected)
  t.throws(() => detailsDigest(digest, new Uint8Array(15), '{}'), RangeError)
  t.equal(fromHex('0'), undefined)
  t.equal(fromHex('AB'), undefined)
})

t.test('tiles', async (t) => {
  t.equal(tilePath({ level: 0, index: 5, width: 256 }), 'tile/0/005')
  t.equal(tilePath({ level: 1, index: 1234067, width: 8 }), 'tile/1/x001/x234/067.p/8')
  for (const tile of [
    { level: 0, index: 0, width: 1 },
    { level: 2, index: 999, width: 256 },
    { level: 3, index: 1000, width: 255 },
  ])
    t.same(parseTilePath(tilePath(tile)), tile)
  for (const path of [
    'tile/0/5',
    'tile/0/x000/005',
    'tile/0/005.p/256',
    'tile/0/005.p/0',
    'tile/00/005',
    'tile/64/000',
    'tile/0/005/',
    '../x',
  ])
    t.equal(parseTilePath(path), undefined, path)
  t.same(tileOf(0, 300), { level: 0, index: 1, from: 44, count: 1 })
  t.same(tileOf(8, 300), { level: 1, index: 1, from: 44, count: 1 })
  t.same(tileOf(3, 33), { level: 0, index: 1, from: 8, count: 8 })
  t.same(
    [tileWidth(300, 0, 0), tileWidth(300, 0, 1), tileWidth(300, 0, 2), tileWidth(300, 1, 0), tileWidth(-1, 0, 0)],
    [256, 44, 0, 1, 0],
  )
  // A node taken from its tile's hashes is the node.
  const span = tileOf(5, 2)
  t.equal(toHex(naiveRoot(leaves.slice(span.from, span.from + span.count))), toHex(getNode(5, 2) as Uint8Array))
})
