import type { CanonicalOptions, XmlTree } from '../xml/index.ts'
import type { StreamingDigest } from './signature-crypto.ts'
import { SignatureFault } from './signature-fault.ts'

/**
 * Texts that were cut out of a packet before it was parsed: the token that stands in the tree for each, and a stream of
 * the real text (Base64 alphabet and line feeds only, so that it is its own canonical form).
 */
export type Splices = ReadonlyMap<string, () => AsyncIterable<Uint8Array>>

const TOKEN = /^[A-Za-z0-9+/=_-]{16,200}$/

interface Cut {
  readonly at: number
  readonly token: string
}

/**
 * Feeds the canonical form to a digest with every token replaced by its text. A token that is there twice is a fault, and so is
 * one that is missing from a whole document; an element may lie beside the text that was cut out.
 */
export async function digestSpliced(
  tree: XmlTree,
  options: CanonicalOptions,
  splices: Splices,
  digest: StreamingDigest,
): Promise<void> {
  const chunks: Buffer[] = []
  tree.canonicalize(options, (chunk) => chunks.push(Buffer.from(chunk)))
  const skeleton = Buffer.concat(chunks)
  const cuts: Cut[] = []
  for (const token of splices.keys()) {
    const at = skeleton.indexOf(token, 0, 'latin1')
    if (at < 0 && options.target) continue
    if (at < 0 || !TOKEN.test(token) || skeleton.indexOf(token, at + 1, 'latin1') >= 0) {
      throw new SignatureFault('invalid', 'LT_SIG_SPLICE')
    }
    cuts.push({ at, token })
  }
  cuts.sort((a, b) => a.at - b.at)
  let done = 0
  for (const { at, token } of cuts) {
    if (at < done) throw new SignatureFault('invalid', 'LT_SIG_SPLICE')
    digest.update(skeleton.subarray(done, at))
    for await (const chunk of (splices.get(token) as () => AsyncIterable<Uint8Array>)()) digest.update(chunk)
    done = at + token.length
  }
  digest.update(skeleton.subarray(done))
}
