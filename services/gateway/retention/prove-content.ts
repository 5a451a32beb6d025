import type { BlobStore } from '../../../libs/blobs/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import {
  type Certificate,
  type CutSignature,
  checkCertificatePath,
  cutSignature,
  readCertificate,
  type TrustStore,
} from '../../../libs/signature/index.ts'
import {
  type ContentPart,
  type ContentProof,
  listParts,
  type Queryable,
  readPartBytes,
} from '../../../libs/store/index.ts'

/** A packet without its long attachments is never larger than admission lets it become. Bytes. */
const MAX_SKELETON = 32 * 1024 * 1024

export interface ProofSource {
  readonly pool: Queryable
  readonly blobs: BlobStore
  readonly trust: () => TrustStore
}

/**
 * What outlives a packet: its signature, byte for byte, and the certificates from the signer up, judged as of the day it was accepted.
 * Long attachments are not read.
 * @throws BusError LT_STORE_CONTENT_MISSING, LT_STORE_CONTENT_DAMAGED
 */
export async function proveContent(source: ProofSource, dispatchId: string, acceptedAt: Date): Promise<ContentProof> {
  const cut = cutSignature(await readSkeleton(source, dispatchId))
  if (!cut) return { signature: null, namespaces: {}, chain: '' }
  const chain = chainOf(cut, source.trust(), acceptedAt)
  return { signature: cut.bytes, namespaces: cut.namespaces, chain: chain.map(pemOf).join('') }
}

/** The packet or envelope as received, the Base64 of long attachments left out. */
async function readSkeleton({ pool, blobs }: ProofSource, dispatchId: string): Promise<Buffer> {
  const parts = await listParts(pool, dispatchId)
  const [first] = parts
  const missing = new BusError('LT_STORE_CONTENT_MISSING', { path: `${dispatchId}/0` })
  if (!first) throw missing
  if (first.path === null) {
    const bytes = await readPartBytes(pool, dispatchId, first.ordinal)
    if (!bytes) throw missing
    return bytes
  }
  const chunks: Buffer[] = []
  let size = 0
  for (const range of gapsOf(first, parts)) {
    for await (const chunk of blobs.read(first.path, range)) {
      size += (chunk as Buffer).length
      if (size > MAX_SKELETON) throw new BusError('LT_STORE_CONTENT_DAMAGED', { path: first.path })
      chunks.push(chunk as Buffer)
    }
  }
  return Buffer.concat(chunks, size)
}

/** What lies between the attachments that were cut out on the way in. */
function gapsOf(packet: ContentPart, parts: readonly ContentPart[]): { start: number; end: number }[] {
  const cuts = parts
    .flatMap(({ range_start, range_end }) =>
      range_start === null || range_end === null ? [] : [[range_start, range_end] as const],
    )
    .sort(([a], [b]) => a - b)
  const starts = [0, ...cuts.map(([, end]) => end)]
  const ends = [...cuts.map(([start]) => start), packet.size]
  return starts.map((start, i) => ({ start, end: ends[i] ?? packet.size })).filter(({ start, end }) => start < end)
}

/** From the signer as far up as it goes; the signature's own certificates where no path is known. */
function chainOf({ certificates }: CutSignature, trust: TrustStore, at: Date): readonly Certificate[] {
  const own = certificates.flatMap((der) => readOne(der) ?? [])
  const leaf = own.find((each) => !own.some((other) => other !== each && other.issuer === each.subject)) ?? own[0]
  if (!leaf) return []
  const others = own.filter((each) => each !== leaf)
  const path = checkCertificatePath(leaf, others, trust, {
    at,
    purpose: 'packet',
    keyUsage: ['digitalSignature', 'nonRepudiation'],
  })
  return path.ok ? path.chain : [leaf, ...others]
}

/** A certificate nobody can read proves nothing by itself; it still stands in the signature. */
function readOne(der: Buffer): Certificate | undefined {
  try {
    return readCertificate(der)
  } catch (error) {
    if (error instanceof BusError) return undefined
    throw error
  }
}

function pemOf({ x509 }: Certificate): string {
  return x509.toString()
}
