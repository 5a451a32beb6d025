import { Readable } from 'node:stream'
import { BusError } from '../../../libs/errors/index.ts'
import type { HttpServer } from '../../../libs/http/index.ts'
import { crashPoint } from '../../../libs/runtime/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { listParts } from '../../../libs/store/index.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { findLeased, handOver } from '../mailbox/hand-over.ts'
import { readPart } from '../mailbox/read-part.ts'
import { idParams, uuidShape } from './answer-shapes.ts'
import { endWhenShutOut } from './end-when-shut-out.ts'
import { packetMedia } from './packet-media.ts'

const leaseQuery = Type.Object({ lease: Type.String({ maxLength: 64 }) })

const parts = Type.Object({
  parts: Type.Array(
    Type.Object({
      ordinal: Type.Integer(),
      role: Type.String({
        description: 'packet: the inline packet as received; envelope: that of a detached one; attachment',
      }),
      contentId: Type.Optional(Type.String()),
      name: Type.Optional(Type.String()),
      mediaType: Type.Optional(Type.String({ description: 'as the sender declared it' })),
      size: Type.Integer(),
      sha256: Type.String(),
      inside: Type.Boolean({ description: 'the attachment stands inside part 0; fetching it apart decodes it' }),
    }),
  ),
})

const PART = {
  description: 'The bytes as they were received; an attachment is always application/octet-stream.',
  headers: { 'Content-Digest': { description: 'sha-256 of the bytes (RFC 9530)', schema: Type.String() } },
  content: { ...packetMedia, 'application/octet-stream': { schema: {} } },
}

/** GET /v1/consignments/:id/parts and /parts/:ordinal: the content of a leased consignment, as it was received. */
export function registerFetchContent(server: HttpServer, gateway: Gateway): void {
  const options = { find: gateway.findConsignment, mover: gateway.mover }
  server.get(
    '/v1/consignments/:id/parts',
    {
      schema: {
        operationId: 'listParts',
        summary: 'Parts of a leased consignment',
        params: idParams,
        querystring: leaseQuery,
        response: { 200: parts },
      },
    },
    async (request) => {
      const { systemCode } = callerOf(request)
      const row = await findLeased(gateway.findConsignment, {
        systemCode,
        id: request.params.id,
        token: request.query.lease,
      })
      return {
        parts: (await listParts(gateway.pool, row.dispatch_id)).map((part) => ({
          ordinal: part.ordinal,
          role: part.role,
          ...(part.content_id === null ? {} : { contentId: part.content_id }),
          ...(part.name === null ? {} : { name: part.name }),
          ...(part.media_type === null ? {} : { mediaType: part.media_type }),
          size: part.size,
          sha256: part.sha256.toString('hex'),
          inside: part.role === 'attachment' && row.form === 'inline',
        })),
      }
    },
  )
  server.get(
    '/v1/consignments/:id/parts/:ordinal',
    {
      config: { openApi: { answers: { 200: PART } } },
      onResponse: async () => crashPoint('gateway-content-sent'),
      schema: {
        operationId: 'fetchPart',
        summary: 'Bytes of one part',
        params: Type.Object({ id: uuidShape, ordinal: Type.String({ pattern: '^[0-9]{1,4}$' }) }),
        querystring: leaseQuery,
      },
    },
    async (request, reply) => {
      const { id, ordinal } = request.params
      const caller = callerOf(request)
      const wanted = { systemCode: caller.systemCode, id, token: request.query.lease }
      const row = await findLeased(gateway.findConsignment, wanted)
      const all = await listParts(gateway.pool, row.dispatch_id)
      const part = all.find((each) => each.ordinal === Number(ordinal))
      if (!part) throw new BusError('LT_BOX_NO_SUCH_PART', { ordinal })
      await handOver(options, wanted)
      crashPoint('gateway-handed-over')
      const content = await readPart(gateway, row.dispatch_id, all, part)
      reply
        .type(part.role === 'attachment' ? 'application/octet-stream' : 'application/edxml+xml')
        .header('content-length', part.size)
        .header('content-digest', `sha-256=:${part.sha256.toString('base64')}:`)
      if (Buffer.isBuffer(content)) return reply.send(content)
      const stream = Readable.from(content, { objectMode: false })
      return reply.send(endWhenShutOut(stream, gateway.registry, caller))
    },
  )
}
