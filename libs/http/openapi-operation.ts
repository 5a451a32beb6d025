import { problemShape } from './problem-shape.ts'

/** Shapes by content type, as `content` of OpenAPI 3.1. */
export type ContentDescription = Readonly<
  Record<string, { readonly schema: object; readonly encoding?: Readonly<Record<string, object>> }>
>

/** What the validated schemas of a route cannot say: bodies it reads itself, and answers that are no JSON. */
export interface OperationDescription {
  readonly body?: ContentDescription
  readonly answers?: Readonly<
    Record<string, { readonly description: string; readonly content: ContentDescription; readonly headers?: object }>
  >
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For the description of the API; the request is not held against it. */
    openApi?: OperationDescription
  }
}

interface Operation {
  operationId?: string
  requestBody?: object
  responses: Record<string, object>
  security?: readonly object[]
}

export interface OpenApiDocument {
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: {
    readonly securitySchemes?: Readonly<Record<string, object>>
    schemas?: Record<string, object>
    responses?: Record<string, object>
  }
}

const REFUSAL = {
  description: 'Refused: a stable code, who must act, what to do, and whether the same request can succeed later.',
  headers: {
    'Retry-After': { description: 'seconds; with every refusal whose `retry` is `later`', schema: { type: 'integer' } },
  },
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

/** Adds to each operation what its route told beside its schemas, the refusals every one can answer with, and who may call it. */
export function completeOperations(
  document: OpenApiDocument,
  told: ReadonlyMap<string, OperationDescription>,
): OpenApiDocument {
  const { components, paths } = document
  components.schemas = { ...components.schemas, Problem: problemShape }
  components.responses = { ...components.responses, Refusal: REFUSAL }
  const anyScheme = Object.keys(components.securitySchemes ?? {}).map((name) => ({ [name]: [] }))
  const refusal = { $ref: '#/components/responses/Refusal' }
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    const { body, answers = {} } = told.get(operation.operationId ?? '') ?? {}
    if (body) operation.requestBody = { required: true, content: body }
    operation.responses = { ...operation.responses, '4XX': refusal, '5XX': refusal, ...answers }
    operation.security ??= anyScheme
  }
  return document
}
