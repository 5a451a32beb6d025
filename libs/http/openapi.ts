import swagger from '@fastify/swagger'
import type { HttpServer } from './http-server.ts'
import { completeOperations, type OpenApiDocument, type OperationDescription } from './openapi-operation.ts'

export interface OpenApiInfo {
  readonly title: string
  readonly version: string
  readonly description: string
  /** `components.securitySchemes` by name; a route needs one of them unless its own schema says otherwise. */
  readonly securitySchemes?: Readonly<Record<string, object>>
}

export async function registerOpenApi(server: HttpServer, info: OpenApiInfo): Promise<void> {
  const { title, version, description, securitySchemes = {} } = info
  const told = new Map<string, OperationDescription>()
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, version, description },
      components: { securitySchemes: securitySchemes as never },
    },
    transform: ({ schema, url, route }) => {
      const { openApi } = route.config ?? {}
      const { operationId } = (schema ?? {}) as { operationId?: string }
      if (openApi && operationId !== undefined) told.set(operationId, openApi)
      return { schema, url }
    },
    transformObject: (document) => {
      const { openapiObject } = document as { openapiObject: object }
      return completeOperations(openapiObject as OpenApiDocument, told) as never
    },
  })
}

/**
 * The OpenAPI 3.1 description of every route registered so far, after `ready()`: the same text for the same routes in
 * whatever order they were registered (keys sorted, two spaces, one line end at the end).
 */
export function exportOpenApi(server: HttpServer): string {
  return `${JSON.stringify(sorted(server.swagger()), null, 2)}\n`
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, item]) => [key, sorted(item)]),
  )
}
