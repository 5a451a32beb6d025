import { createHash } from 'node:crypto'
import { BusError, isBusError } from '../../errors/index.ts'
import { parseTolerantly } from '../parse-tolerantly.ts'
import { startOfXml } from '../recognise-start.ts'
import type { Cut } from './cut.ts'
import { cutWhole } from './cut-whole.ts'
import { ElementText } from './element-text.ts'
import type { ChildAnswer, ChildOrder } from './whole-tree-protocol.ts'

const order = JSON.parse(process.argv[2] as string) as ChildOrder

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Digest of the whole document's canonical form, every token in it replaced by the text that was cut out. */
function canonicalDigest(xml: Buffer, packet: Buffer, cuts: readonly Cut[]): string {
  using tree = parseTolerantly(xml, { hugeText: true, maxBytes: order.maxBytes }).tree
  const hash = createHash('sha256')
  if (cuts.length === 0) {
    tree.canonicalize({ mode: 'inclusive', comments: true }, (chunk) => hash.update(chunk))
    return hash.digest('hex')
  }
  const chunks: Buffer[] = []
  tree.canonicalize({ mode: 'inclusive', comments: true }, (chunk) => chunks.push(Buffer.from(chunk)))
  const form = Buffer.concat(chunks)
  let done = 0
  for (const { token, start, end } of cuts) {
    const at = form.indexOf(token, done, 'latin1')
    hash.update(form.subarray(done, at)).update(new ElementText(true).push(packet.subarray(start, end)))
    done = at + token.length
  }
  return hash.update(form.subarray(done)).digest('hex')
}

function scan(packet: Buffer): { answer: ChildAnswer; skeleton: Buffer } {
  const start = startOfXml(packet)
  const whole = canonicalDigest(packet.subarray(start), packet, [])
  const { skeleton, cuts } = cutWhole(packet, order.cutOver)
  const { construct, maxSkeletonBytes, maxCuts } = order
  if (cuts.length > maxCuts) throw new BusError('LT_ENV_TOO_MANY_NODES', { what: 'attachments', limit: maxCuts })
  if (skeleton.length > maxSkeletonBytes) throw new BusError('LT_ENV_TOO_LARGE', { limit: maxSkeletonBytes, construct })
  // The cutter only follows tokens. That it means what the parser means is proved here for every single packet.
  if (cuts.length > 0 && canonicalDigest(skeleton.subarray(start), packet, cuts) !== whole) {
    throw new BusError('LT_ENV_UNUSUAL_REFUSED', { construct })
  }
  const written = cuts.map((cut) => ({ ...cut, decodedSha256: cut.decodedSha256.toString('hex') }))
  return { answer: { cuts: written, skeletonBytes: skeleton.length }, skeleton }
}

async function main(): Promise<void> {
  const packet = await readInput()
  try {
    const { answer, skeleton } = scan(packet)
    process.stdout.write(`${JSON.stringify(answer)}\n`)
    process.stdout.write(skeleton)
  } catch (error) {
    if (!isBusError(error)) throw error
    process.stdout.write(`${JSON.stringify({ refused: { code: error.code, params: error.params } })}\n`)
  }
}

await main()
