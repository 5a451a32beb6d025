import {
  type DraftAttachment,
  safeFileName,
  sniffMediaType,
  writePacket,
  writeStatusPacket,
} from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import { type HttpServer, readMultipart } from '../../../libs/http/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import type { Gateway } from '../gateway.ts'
import { type ComposeDraft, documentDraft, readDraft, statusDraft } from './compose-draft.ts'
import { packetMedia, partsMedia } from './packet-media.ts'

const MAX_DRAFT_BYTES = 1024 * 1024

/**
 * POST /v1/compose: facts as JSON (the part `envelope`) and files become an unsigned packet, which the caller signs where its
 * key is. `form: detached` (the default) gives the envelope alone, to be sent with the same files after it; `inline` puts the
 * files inside, within the limit of an envelope. Nothing is stored.
 */
export function registerComposePacket(server: HttpServer, gateway: Gateway): void {
  server.post(
    '/v1/compose',
    {
      config: {
        openApi: {
          body: {
            'multipart/form-data': partsMedia(Type.Union([documentDraft, statusDraft]), 'application/json'),
          },
          answers: { 200: { description: 'The unsigned packet', content: packetMedia } },
        },
      },
      schema: { operationId: 'composePacket', summary: 'Make an unsigned packet from facts and files' },
    },
    async (request, reply) => {
      const { config } = gateway
      const parts = readMultipart(request, {
        maxParts: config.maxAttachments + 1,
        maxHeaderBytes: 4096,
        maxEnvelopeBytes: MAX_DRAFT_BYTES,
        maxPartBytes: config.maxAttachmentBytes,
        maxBytes: config.maxSubmissionBytes,
        idleMs: config.uploadIdleMs,
      })
      let draft: ComposeDraft | undefined
      const files: DraftAttachment[] = []
      let inside = 0
      for await (const part of parts) {
        if (!draft) {
          draft = readDraft(await readAll(part.stream))
          continue
        }
        const keep = draft.kind === 'document' && draft.form === 'inline'
        const { head, bytes } = await readFile(part.stream, keep, config.maxEnvelopeBytes - inside)
        inside += bytes?.length ?? 0
        files.push({
          contentId: part.contentId,
          name: safeFileName(part.fileName ?? part.contentId),
          mediaType: sniffMediaType(head),
          ...(bytes ? { bytes } : {}),
        })
      }
      if (!draft) throw new BusError('LT_SUB_EMPTY')
      const packet = draft.kind === 'status' ? writeStatusPacket(draft) : writePacket({ ...draft, attachments: files })
      return reply.type('application/edxml+xml').send(packet)
    },
  )
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Reads a file to its end, keeping its first bytes, or all of it when it goes inside. @throws BusError LT_ENV_TOO_LARGE */
async function readFile(
  stream: AsyncIterable<Buffer>,
  keep: boolean,
  room: number,
): Promise<{ head: Buffer; bytes?: Buffer }> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    if (keep || size < 4096) chunks.push(chunk)
    size += chunk.length
    if (keep && size > room) throw new BusError('LT_ENV_TOO_LARGE', { limit: room, construct: 'files' })
  }
  const read = Buffer.concat(chunks)
  return { head: read.subarray(0, 4096), ...(keep ? { bytes: read } : {}) }
}
