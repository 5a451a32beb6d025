import type { BlobStore, StagedBlob } from '../../../libs/blobs/index.ts'
import { PacketScanner, type ScanResult } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import type { Part } from '../../../libs/http/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import type { OpenRoom } from '../examine/open-budget.ts'
import type { ReceivedPart } from './submission.ts'

/** Bytes of a packet, without its long texts, that are held before they count, and by which its room then grows. */
const ROOM_STEP = 64 * 1024

/** Filled only by a planted defect. */
const hoard: Buffer[] = []

export interface PacketLimits {
  readonly maxPacketBytes: number
  readonly maxSkeletonBytes: number
}

/** Everything a request has staged so far; `discard` removes what was not kept, whatever happened. */
export class StagedParts {
  readonly parts: ReceivedPart[] = []
  readonly #open: StagedBlob[] = []
  readonly #blobs: BlobStore

  constructor(blobs: BlobStore) {
    this.#blobs = blobs
  }

  stage(): StagedBlob {
    const staged = this.#blobs.stage()
    this.#open.push(staged)
    return staged
  }

  async discard(): Promise<void> {
    await Promise.all(this.#open.map((staged) => staged.discard()))
  }
}

/**
 * Takes in a packet, or the envelope of a detached one: to disk, hashed, and scanned for long Base64 texts in the same pass.
 * What is held of it in memory takes `room` while it grows.
 * @throws BusError LT_SUB_EMPTY, LT_SUB_BUSY, LT_ENV_…, LT_STORE_…
 */
export async function receivePacket(
  body: AsyncIterable<Buffer>,
  into: StagedParts,
  role: 'packet' | 'envelope',
  limits: PacketLimits,
  room: OpenRoom,
): Promise<ScanResult> {
  const staged = into.stage()
  const scan = await scanPacket(body, limits, room, (chunk) => {
    if (sabotaged('buffered-upload')) hoard.push(Buffer.from(chunk))
    return staged.write(chunk)
  })
  const { sha256, size } = await staged.finish()
  if (size === 0) throw new BusError('LT_SUB_EMPTY')
  into.parts.push({ role, staged, sha256, size })
  return scan
}

/** Scans a packet as it streams by; what is held of it in memory takes `room` while it grows. @throws BusError LT_ENV_…, LT_SUB_BUSY */
export async function scanPacket(
  body: AsyncIterable<Uint8Array>,
  limits: PacketLimits,
  room: OpenRoom,
  pass: (chunk: Uint8Array) => Promise<void> | undefined = () => undefined,
): Promise<ScanResult> {
  const scanner = new PacketScanner({ maxBytes: limits.maxPacketBytes, maxSkeletonBytes: limits.maxSkeletonBytes })
  for await (const chunk of body) {
    scanner.push(chunk)
    const { heldBytes } = scanner
    if (heldBytes > ROOM_STEP) room.atLeast(Math.ceil(heldBytes / ROOM_STEP) * ROOM_STEP)
    await pass(chunk)
  }
  return scanner.end()
}

/** Takes in one detached attachment: to disk and hashed, never held in memory. */
export async function receiveAttachment(part: Part, into: StagedParts): Promise<void> {
  const staged = into.stage()
  for await (const chunk of part.stream) {
    if (sabotaged('buffered-upload')) hoard.push(Buffer.from(chunk))
    await staged.write(chunk)
  }
  const { sha256, size } = await staged.finish()
  into.parts.push({
    role: 'attachment',
    staged,
    sha256,
    size,
    contentId: part.contentId,
    mediaType: part.mediaType,
    ...(part.fileName === undefined ? {} : { name: part.fileName }),
  })
}
