import { BusError } from '../../../libs/errors/index.ts'
import type { HttpServer } from '../../../libs/http/index.ts'
import { EVENTS, newConsignmentId, SUBJECTS } from '../../../libs/model/index.ts'
import { sealEntry } from '../../../libs/pipeline/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { listConsignments, resendConsignment } from '../../../libs/store/index.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { uuidShape } from './answer-shapes.ts'
import { findOwnDispatch } from './show-dispatch.ts'

const answer = Type.Object({ consignment: uuidShape, previous: uuidShape })

/** POST /v1/dispatches/:id/consignments/:consignment/resend: a new consignment of an ended one, on the sender's explicit wish. */
export function registerResendConsignment(server: HttpServer, gateway: Gateway): void {
  server.post(
    '/v1/dispatches/:id/consignments/:consignment/resend',
    {
      schema: {
        operationId: 'resendConsignment',
        summary: 'Send an ended consignment again',
        params: Type.Object({ id: uuidShape, consignment: uuidShape }),
        response: { 201: answer },
      },
    },
    async (request, reply) => {
      const { systemId, systemCode } = callerOf(request)
      const dispatch = await findOwnDispatch(gateway, systemId, request.params.id)
      const old = (await listConsignments(gateway.pool, dispatch.id)).find(({ id }) => id === request.params.consignment)
      if (!old) throw new BusError('LT_SUB_NOT_FOUND')
      if (dispatch.content_state !== 'KEPT') throw new BusError('LT_SUB_CONTENT_DELETED')
      const now = new Date()
      const newId = newConsignmentId(now.getTime())
      const details = { agency: old.agency_code, previous: old.id, system: systemCode }
      const draft = { dispatchId: dispatch.id, consignmentId: newId, details }
      const entries = [EVENTS.resent, old.mode === 'push' ? EVENTS.pushQueued : EVENTS.available].map((event) => ({
        owner: newId,
        ...sealEntry({ event, ...draft }, now),
      }))
      const made = await resendConsignment(gateway.pool, { oldId: old.id, newId, systemId, at: now.toISOString() }, entries)
      if (!made) throw new BusError('LT_SUB_NOT_ENDED', { consignmentId: old.id, state: old.state })
      if (old.mode === 'pull') gateway.bus.publish(SUBJECTS.consignmentAvailable(old.agency_code))
      gateway.bus.publish(SUBJECTS.auditPending)
      return reply.code(201).send({ consignment: newId, previous: old.id })
    },
  )
}
