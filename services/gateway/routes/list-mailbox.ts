import { BusError } from '../../../libs/errors/index.ts'
import type { HttpServer } from '../../../libs/http/index.ts'
import { isUuid } from '../../../libs/model/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { listMailbox } from '../../../libs/store/index.ts'
import { callerOf } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import { codeShape } from './answer-shapes.ts'
import { consignmentShape, describeConsignment } from './mailbox-shapes.ts'

const answer = Type.Object({ items: Type.Array(consignmentShape), next: Type.Optional(Type.String()) })

/** GET /v1/mailbox: what waits for the agencies of the calling system, urgent first, then oldest. Nothing is taken. */
export function registerListMailbox(server: HttpServer, gateway: Gateway): void {
  server.get(
    '/v1/mailbox',
    {
      schema: {
        operationId: 'listMailbox',
        summary: 'List waiting consignments',
        querystring: Type.Object({
          agency: Type.Optional(codeShape),
          kind: Type.Optional(Type.Enum(['document', 'status'])),
          limit: Type.Optional(
            Type.String({ pattern: '^[1-9][0-9]{0,3}$', description: '1 to 1000, 100 when absent' }),
          ),
          after: Type.Optional(Type.String({ maxLength: 60, description: '`next` of the page before' })),
        }),
        response: { 200: answer },
      },
    },
    async (request) => {
      const { agency, kind, after } = request.query
      const limit = Math.min(1000, Number(request.query.limit ?? 100))
      const caller = callerOf(request)
      gateway.seen.notePoll(caller.systemId)
      const agencies = ownAgencies(gateway, caller.systemCode, agency === undefined ? undefined : [agency])
      const rows = await listMailbox(gateway.pool, agencies, {
        limit,
        floor: gateway.mailboxFloor(),
        ...(kind === undefined ? {} : { kind }),
        ...(after === undefined ? {} : { after: readPosition(after) }),
      })
      const last = rows.at(-1)
      return {
        items: rows.map(describeConsignment),
        ...(last && rows.length === limit ? { next: `${last.lane}.${last.id}` } : {}),
      }
    },
  )
}

/** The wanted agencies in canonical form, all of the system's when none are named. @throws BusError LT_AUTH_FOREIGN_AGENCY */
export function ownAgencies(
  gateway: Gateway,
  systemCode: string,
  wanted: readonly string[] | undefined,
): readonly string[] {
  if (!wanted) return gateway.registry.agenciesOf(systemCode)
  return wanted.map((written) => {
    const resolution = gateway.registry.resolve(written, { tolerant: false })
    const agency = resolution.ok ? resolution.agencyCode : written
    if (!gateway.registry.fronts(systemCode, agency))
      throw new BusError('LT_AUTH_FOREIGN_AGENCY', { agency, system: systemCode })
    return agency
  })
}

function readPosition(text: string): { lane: string; id: string } {
  const [lane = '', id = ''] = text.split('.', 2)
  if ((lane !== 'urgent' && lane !== 'normal') || !isUuid(id)) {
    throw new BusError('LT_HTTP_INVALID_REQUEST', { field: 'query.after', detail: 'is no position' })
  }
  return { lane, id }
}
