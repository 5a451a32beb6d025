import { BusError } from '../../../libs/errors/index.ts'
import type { HttpServer } from '../../../libs/http/index.ts'
import { EVENTS, newConsignmentId, SUBJECTS } from '../../../libs/model/index.ts'
import { sealEntry } from '../../../libs/pipeline/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { type ConsignmentView, listConsignments, resendConsignment } from '../../../libs/store/index.ts'
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
        description: '201 with the new consignment; 200 with the one that an earlier request made.',
        params: Type.Object({ id: uuidShape, consignment: uuidShape }),
        response: { 200: answer, 201: answer },
      },
    },
    async (request, reply) => {
      const { systemId, systemCode } = callerOf(request)
      const dispatch = await findOwnDispatch(gateway, systemId, request.params.id)
      // The agency may have moved to another system since; what was sent for it may still be looked at, not done again.
      if (!gateway.registry.fronts(systemCode, dispatch.sender_code))
        throw new BusError('LT_AUTH_FOREIGN_AGENCY', { agency: dispatch.sender_code, system: systemCode })
      const all = await listConsignments(gateway.pool, dispatch.id)
      const old = all.find(({ id }) => id === request.params.consignment)
      if (!old) throw new BusError('LT_SUB_NOT_FOUND')
      const earlier = all.find(({ previous_id }) => previous_id === old.id)
      if (earlier) return { consignment: earlier.id, previous: old.id }
      refuseRecalled(old)
      const mode = deliveryTo(gateway, old.agency_code)
      if (dispatch.content_state !== 'KEPT') throw new BusError('LT_SUB_CONTENT_DELETED')
      const now = new Date()
      const newId = newConsignmentId(now.getTime())
      const details = { agency: old.agency_code, previous: old.id, system: systemCode }
      const draft = { dispatchId: dispatch.id, consignmentId: newId, details }
      const reopened = {
        event: EVENTS.reopened,
        dispatchId: dispatch.id,
        details: { consignment: newId, system: systemCode },
      }
      const entries = [
        { owner: newId, ...sealEntry({ event: EVENTS.resent, ...draft }, now) },
        { owner: dispatch.id, ...sealEntry(reopened, now) },
        {
          owner: newId,
          ...sealEntry({ event: mode === 'push' ? EVENTS.pushQueued : EVENTS.available, ...draft }, now),
        },
      ]
      const outcome = await resendConsignment(
        gateway.pool,
        { oldId: old.id, newId, systemId, mode, at: now.toISOString() },
        entries,
      )
      if (outcome === 'suspended') throw new BusError('LT_AUTH_SUSPENDED', { system: systemCode })
      if (outcome === 'not-made') {
        // Another request was faster, or the consignment is still open.
        const now = await listConsignments(gateway.pool, dispatch.id)
        const other = now.find(({ previous_id }) => previous_id === old.id)
        if (other) return { consignment: other.id, previous: old.id }
        refuseRecalled(now.find(({ id }) => id === old.id))
        throw new BusError('LT_SUB_NOT_ENDED', { consignmentId: old.id, state: old.state })
      }
      if (mode === 'pull') gateway.bus.publish(SUBJECTS.consignmentAvailable(old.agency_code))
      gateway.bus.publish(SUBJECTS.auditPending)
      return reply.code(201).send({ consignment: newId, previous: old.id })
    },
  )
}

/** What its sender asked back, and its receiver has not answered for, is not sent once more. @throws BusError LT_SUB_RECALL_PENDING */
function refuseRecalled(row: Pick<ConsignmentView, 'id' | 'recall_pending'> | undefined): void {
  if (row?.recall_pending) throw new BusError('LT_SUB_RECALL_PENDING', { consignmentId: row.id })
}

/** How the agency is reached today. @throws BusError LT_REG_CLOSED_CODE, LT_REG_NO_SYSTEM */
function deliveryTo({ registry }: Gateway, agencyCode: string): 'pull' | 'push' {
  const resolution = registry.resolve(agencyCode, { tolerant: false })
  if (!resolution.ok) throw new BusError(resolution.problem.code, resolution.problem.params)
  const receiving = registry.receivingSystem(agencyCode)
  if (!receiving) throw new BusError('LT_REG_NO_SYSTEM', { code: agencyCode })
  return receiving.system.delivery
}
