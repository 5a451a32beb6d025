import { BusError } from '../../../libs/errors/index.ts'
import { callerGone, type HttpServer } from '../../../libs/http/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { findSubmission } from '../../../libs/store/index.ts'
import { admitSubmission } from '../admission/admit-submission.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { codeShape, signatureShape, uuidShape, warningShape } from './answer-shapes.ts'
import { submissionMedia } from './packet-media.ts'
import { describeSubmission, incomingOf, keyHeader } from './submit-dispatch.ts'

const answer = Type.Object({
  accepted: Type.Literal(true),
  repeatOf: Type.Optional(uuidShape),
  recipients: Type.Array(Type.Object({ agency: codeShape, asWritten: Type.Array(Type.String()) })),
  signature: Type.Optional(signatureShape),
  warnings: Type.Array(warningShape),
})

/** POST /v1/dispatches/check: the verdict a submission would get, with nothing stored and nothing sent. */
export function registerCheckDispatch(server: HttpServer, gateway: Gateway): void {
  server.post(
    '/v1/dispatches/check',
    {
      config: { openApi: { body: submissionMedia } },
      schema: {
        operationId: 'checkDispatch',
        summary: 'Pre-flight check of a document',
        headers: keyHeader,
        response: { 200: answer },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key']
      const admitted = await admitSubmission(
        {
          caller: callerOf(request),
          system: gateway.systemOf(request),
          incoming: incomingOf(request, gateway),
          signal: callerGone(reply),
          ...(key === undefined ? {} : { idempotencyKey: key }),
        },
        gateway.submission,
        {},
      )
      if (admitted.kind === 'repeat') {
        const found = await findSubmission(gateway.pool, admitted.dispatchId)
        if (!found) throw new BusError('LT_SUB_BUSY')
        const { dispatch, recipients, signature, warnings } = describeSubmission(found, true)
        return {
          accepted: true as const,
          repeatOf: dispatch,
          recipients: recipients.map(({ agency, asWritten }) => ({ agency, asWritten })),
          signature,
          warnings,
        }
      }
      const { submission, staged } = admitted
      submission.opened[Symbol.dispose]()
      await staged.discard()
      const { verdict, reason, signer, signerIs } = submission.signature
      return {
        accepted: true as const,
        recipients: submission.recipients.map(({ agencyCode, asWritten }) => ({
          agency: agencyCode,
          asWritten: [...asWritten],
        })),
        signature: {
          verdict,
          ...(reason === undefined ? {} : { reason }),
          ...(signer === undefined ? {} : { signer: { ...signer } }),
          ...(signerIs === undefined ? {} : { signerIs }),
        },
        warnings: submission.warnings.map(({ code, params = {} }) => ({ code, params: { ...params } })),
      }
    },
  )
}
