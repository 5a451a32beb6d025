import { BusError } from '../../../libs/errors/index.ts'
import type { HttpServer } from '../../../libs/http/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'
import { type Static, Type } from '../../../libs/schema/index.ts'
import type { Gateway } from '../gateway.ts'
import { codeShape, STORABLE } from './answer-shapes.ts'

const agencyShape = Type.Object({
  code: codeShape,
  name: Type.String(),
  parent: Type.Optional(codeShape),
  closedOn: Type.Optional(Type.String()),
  successor: Type.Optional(codeShape),
  /** Whether a document can be sent to it now. */
  reachable: Type.Boolean(),
})

/** GET /v1/agencies: search by name without accents or by code. GET /v1/agencies/:code: one agency, by any of its spellings. */
export function registerShowAgencies(server: HttpServer, gateway: Gateway): void {
  server.get(
    '/v1/agencies',
    {
      schema: {
        operationId: 'searchAgencies',
        summary: 'Search the directory',
        querystring: Type.Object({
          search: Type.String({ minLength: 1, maxLength: 200, pattern: STORABLE }),
          limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$', description: '1 to 200, 20 when absent' })),
        }),
        response: { 200: Type.Object({ items: Type.Array(agencyShape) }) },
      },
    },
    async (request) => {
      const found = await gateway.registry.search(
        request.query.search,
        Math.min(200, Number(request.query.limit ?? 20)),
      )
      return { items: found.map((agency) => describe(gateway.registry, agency)) }
    },
  )
  server.get(
    '/v1/agencies/:code',
    {
      schema: {
        operationId: 'showAgency',
        summary: 'One agency',
        params: Type.Object({ code: codeShape }),
        response: { 200: agencyShape },
      },
    },
    async (request) => {
      const resolution = gateway.registry.resolve(request.params.code, { tolerant: true })
      const closed = gateway.registry.agency(request.params.code)
      if (resolution.ok) return describe(gateway.registry, resolution.agency)
      if (closed) return describe(gateway.registry, closed)
      throw new BusError('LT_REG_UNKNOWN_AGENCY', { code: request.params.code })
    },
  )
}

function describe(registry: Registry, agency: NonNullable<ReturnType<Registry['agency']>>): Static<typeof agencyShape> {
  return {
    code: agency.code,
    name: agency.name,
    ...(agency.parentCode === null ? {} : { parent: agency.parentCode }),
    ...(agency.closedOn === null ? {} : { closedOn: agency.closedOn }),
    ...(agency.successorCode === null ? {} : { successor: agency.successorCode }),
    reachable: agency.closedOn === null && registry.receivingSystem(agency.code) !== undefined,
  }
}
