import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import {
  canonicalText,
  decodeBase64Strict,
  openPacket,
  PacketScanner,
  type ScanResult,
  scanWhole,
} from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import {
  type SeenAttachment,
  type SignatureReport,
  type TrustStore,
  verifyPacket,
} from '../../../libs/signature/index.ts'

const MAX_PACKET_BYTES = 4 * 1024 * 1024 * 1024

/** The verdict on a packet, and whose it says it is. */
export interface PacketReport {
  readonly report: SignatureReport
  readonly sender: string
}

/**
 * Verifies the signature of a packet in a file, as the axis would now; `attachments` are the files of a detached one, found by
 * name. Long attachments inside are never held in memory. @throws BusError LT_ENV_…, LT_ATT_…
 */
export async function verifyPacketFile(
  path: string,
  attachments: readonly string[],
  trust: TrustStore,
): Promise<PacketReport> {
  const scan = await scanFile(path)
  using opened = openPacket(scan.skeleton, { tokens: new Set(scan.cuts.map(({ token }) => token)) })
  const inlineAttachments = opened.inlineAttachments.map(({ contentId, name, text = '', token }): SeenAttachment => {
    if (token === undefined) return { contentId, sha256: sha256(decodeBase64Strict(text, name)) }
    const cut = scan.cuts.find((each) => each.token === token)
    if (!cut || cut.fault !== undefined)
      throw new BusError('LT_ATT_BAD_BASE64', { name, contentId, reason: cut?.fault ?? '' })
    return { contentId, sha256: cut.decodedSha256 }
  })
  const detached: (SeenAttachment & { size: number })[] = []
  if (opened.inlineAttachments.length === 0) {
    for (const { contentId, name } of opened.envelope.attachments) {
      const file = attachments.find((each) => basename(each) === name || basename(each).replace(/^\d+-/, '') === name)
      if (file !== undefined) detached.push({ contentId, ...(await digestFile(file)) })
    }
  }
  const report = await verifyPacket({
    tree: opened.tree,
    splices: new Map(
      scan.cuts.map(({ token, start, end }) => [token, () => canonicalText(readChunks(path, start, end))]),
    ),
    attachments: detached,
    inlineAttachments,
    at: new Date(),
    trust,
  })
  return { report, sender: opened.envelope.sender.code }
}

async function scanFile(path: string): Promise<ScanResult> {
  const scanner = new PacketScanner({ maxBytes: MAX_PACKET_BYTES })
  for await (const chunk of readChunks(path)) scanner.push(chunk)
  const scan = scanner.end()
  return scan.unusual ? scanWhole(readChunks(path), { ...scan, unusual: scan.unusual }) : scan
}

/** A file from `start` up to before `end`. @throws BusError LT_CONF_FILE_UNREADABLE */
async function* readChunks(path: string, start = 0, end?: number): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of createReadStream(path, { start, ...(end === undefined ? {} : { end: end - 1 }) }))
      yield chunk as Buffer
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}

async function digestFile(path: string): Promise<{ sha256: Buffer; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of readChunks(path)) {
    hash.update(chunk)
    size += chunk.length
  }
  return { sha256: hash.digest(), size }
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
