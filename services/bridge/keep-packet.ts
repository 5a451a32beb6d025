import { createReadStream } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import type { PartView } from '../../libs/client/index.ts'
import { spliceAttachments } from '../../libs/signature/index.ts'
import type { Bridge } from './bridge.ts'
import type { KeptPacket } from './bridge-state.ts'
import { isEnvelope, type Recipient } from './outward-batch.ts'

/**
 * Fetches the packet of a consignment and keeps it: the bytes as they were received, or, where its attachments came apart, the envelope
 * with them written into it, since the other axis takes no parts. @throws ClientError of the axis, LT_CLIENT_CONTENT_DAMAGED
 */
export async function keepPacket(bridge: Bridge, name: string, { consignment, lease }: Recipient): Promise<KeptPacket> {
  const { axis, state, signal, maxPacketBytes } = bridge
  const parts = await axis.parts(consignment, lease)
  const apart = parts.filter((part) => !part.inside)
  const files = new Map<PartView, string>()
  try {
    for (const part of apart) {
      const file = `${state.packetFile('out', name)}.part-${part.ordinal}`
      files.set(part, file)
      await axis.download({ consignment, lease, part, file }, { signal })
    }
    return await state.keepPacket('out', name, joined(files), maxPacketBytes)
  } finally {
    for (const file of files.values()) await rm(file, { force: true })
  }
}

async function* joined(files: ReadonlyMap<PartView, string>): AsyncGenerator<Uint8Array> {
  const [[, first] = [undefined, '']] = [...files].filter(([part]) => isEnvelope(part))
  const attachments = [...files].filter(([part]) => !isEnvelope(part))
  if (attachments.length === 0) yield* createReadStream(first)
  else
    yield* spliceAttachments(
      await readFile(first),
      attachments.map(([{ contentId = '', name = contentId, mediaType }, file]) => ({
        contentId,
        name,
        ...(mediaType === undefined ? {} : { mediaType }),
        content: createReadStream(file),
      })),
    )
}
