import { BusError } from '../../../libs/errors/index.ts'
import { callerGone, type FastifyRequest, type HttpServer, readBody, readMultipart } from '../../../libs/http/index.ts'
import { crashPoint } from '../../../libs/runtime/index.ts'
import { type Static, Type } from '../../../libs/schema/index.ts'
import type { FoundSubmission, SystemRow } from '../../../libs/store/index.ts'
import type { Incoming, SubmissionRequest } from '../admission/admit-submission.ts'
import { callerOf } from '../auth/caller.ts'
import type { GatewayConfig } from '../config.ts'
import type { Gateway } from '../gateway.ts'
import { submitDispatch } from '../submit-dispatch.ts'
import { codeShape, STORABLE, signatureShape, uuidShape, warningShape } from './answer-shapes.ts'
import { submissionMedia } from './packet-media.ts'

const answer = Type.Object({
  dispatch: uuidShape,
  state: Type.String(),
  repeated: Type.Boolean({ description: 'the same bytes had been accepted before; the receipt is the first one' }),
  receipt: Type.Object({ id: uuidShape, xml: Type.String({ description: 'signed submission receipt, XAdES-B' }) }),
  contentHash: Type.String(),
  recipients: Type.Array(
    Type.Object({ agency: codeShape, consignment: uuidShape, asWritten: Type.Array(Type.String()) }),
  ),
  signature: signatureShape,
  warnings: Type.Array(warningShape),
})

/** A key of the caller's own under which the same submission may be repeated. */
export const keyHeader = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
})

/** POST /v1/dispatches: a packet in the body, or the parts of a detached one, envelope first. */
export function registerSubmitDispatch(server: HttpServer, gateway: Gateway): void {
  server.post(
    '/v1/dispatches',
    {
      config: { openApi: { body: submissionMedia } },
      onResponse: async () => crashPoint('gateway-answered'),
      schema: {
        operationId: 'submitDispatch',
        summary: 'Submit a signed document',
        description:
          'Body: edXML (application/edxml+xml), or multipart with the part `envelope` first and detached attachments after it.',
        headers: keyHeader,
        querystring: Type.Object({
          recipients: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 16_000,
              pattern: STORABLE,
              description:
                'codes, separated by commas, to which alone it goes of those the packet names; for systems that stand for another axis',
            }),
          ),
        }),
        response: { 200: answer, 202: answer },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key']
      const system = gateway.systemOf(request)
      const { repeated, found } = await submitDispatch(
        {
          caller: callerOf(request),
          system,
          ...recipientsOf(system, request.query.recipients),
          incoming: incomingOf(request, gateway),
          signal: callerGone(reply),
          ...(key === undefined ? {} : { idempotencyKey: key }),
        },
        gateway.submission,
      )
      return reply.code(repeated ? 200 : 202).send(describeSubmission(found, repeated))
    },
  )
}

/** Another axis hands over what is for our agencies alone, one part after the other: repetition is judged by recipient. */
function recipientsOf(
  system: Pick<SystemRow, 'kind' | 'code'>,
  recipients: string | undefined,
): Pick<SubmissionRequest, 'onlyTo' | 'byRecipient'> {
  if (recipients === undefined) return {}
  if (system.kind !== 'vxp-upstream') throw new BusError('LT_SUB_SUBSET_REFUSED', { system: system.code })
  return { byRecipient: true, onlyTo: recipients.split(',').map((code) => code.trim()) }
}

/** The request's body as admission takes it, within the limits of the configuration. */
export function incomingOf(request: FastifyRequest, { config }: Gateway): Incoming {
  const mediaType = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (mediaType.startsWith('multipart/')) {
    return {
      form: 'detached',
      parts: readMultipart(request, {
        maxParts: config.maxAttachments + 1,
        maxHeaderBytes: 4096,
        maxEnvelopeBytes: config.maxEnvelopeBytes,
        maxPartBytes: config.maxAttachmentBytes,
        maxBytes: config.maxSubmissionBytes,
        idleMs: config.uploadIdleMs,
      }),
    }
  }
  return { form: 'inline', body: readPacket(request, mediaType, config) }
}

/** A body of another kind is refused where it is read: that refusal goes on record like every other. */
async function* readPacket(
  request: FastifyRequest,
  mediaType: string,
  config: GatewayConfig,
): AsyncGenerator<Buffer, void, undefined> {
  if (mediaType !== 'application/edxml+xml' && mediaType !== 'application/xml')
    throw new BusError('LT_HTTP_UNSUPPORTED_MEDIA_TYPE')
  yield* readBody(request, { maxBytes: config.maxPacketBytes, idleMs: config.uploadIdleMs })
}

/** An accepted submission as its sender is told of it. */
export function describeSubmission(found: FoundSubmission, repeated: boolean): Static<typeof answer> {
  const facts = found.facts as { warnings?: { code: string }[] }
  const { verdict, reason, signer, signerIs } = found.signature as {
    verdict: string
    reason?: string
    signer?: { subject: string; fingerprint: string }
    signerIs?: string
  }
  return {
    dispatch: found.dispatch_id,
    state: found.state,
    repeated,
    receipt: { id: found.receipt_id, xml: found.receipt_xml.toString('utf8') },
    contentHash: found.content_hash.toString('hex'),
    recipients: found.recipients.map(({ agency, consignment, asWritten }) => ({
      agency,
      consignment,
      asWritten: [...asWritten],
    })),
    signature: {
      verdict,
      ...(reason === undefined ? {} : { reason }),
      ...(signer === undefined ? {} : { signer }),
      ...(signerIs === undefined ? {} : { signerIs }),
    },
    warnings: facts.warnings ?? [],
  }
}
