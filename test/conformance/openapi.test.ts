import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { describeApi, OPENAPI_FILE } from './describe-api.ts'

interface Content {
  readonly content?: Record<string, { schema?: Record<string, unknown> }>
  readonly $ref?: string
}
interface Operation {
  readonly operationId?: string
  readonly requestBody?: Content & { required?: boolean }
  readonly responses: Record<string, Content>
  readonly security?: Record<string, unknown>[]
}
interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: {
    responses: Record<string, Content>
    schemas: Record<string, { properties: object; required: string[] }>
    securitySchemes: object
  }
}

const XML = ['application/edxml+xml', 'application/xml', 'multipart/form-data']
/** Bodies and answers beside JSON. */
const BODIES: Readonly<Record<string, readonly string[]>> = {
  'post /v1/dispatches': XML,
  'post /v1/dispatches/check': XML,
  'post /v1/compose': ['multipart/form-data'],
  'post /v1/token': ['application/x-www-form-urlencoded'],
}
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  'post /v1/compose': ['application/edxml+xml'],
  'get /v1/consignments/{id}/parts/{ordinal}': ['application/edxml+xml', 'application/octet-stream'],
  'get /v1/dispatches/{id}/receipts/{entry}': ['application/json', 'application/xml'],
  'get /v1/events': ['text/event-stream'],
}
/** For everyone: what receipts and pushes are verified with. */
const PUBLIC = 'get /v1/keys'
const WITHOUT_BODY = 'post /v1/dispatches/{id}/consignments/{consignment}/resend'

/** Whatever a caller has to know stands in the description. */
function sayComplete(t: Test, name: string, { requestBody, responses, security }: Operation, document: Document): void {
  const resolve = (answer: Content | undefined): Content | undefined =>
    answer?.$ref ? document.components.responses[answer.$ref.split('/').at(-1) ?? ''] : answer
  const isToken = name === 'post /v1/token'
  for (const range of ['4XX', '5XX']) {
    const refusal = resolve(responses[range])?.content ?? {}
    t.same(Object.keys(refusal), [isToken ? 'application/json' : 'application/problem+json'], `${name}: ${range}`)
  }
  if (name.startsWith('post') && name !== WITHOUT_BODY) {
    t.same(Object.keys(requestBody?.content ?? {}), BODIES[name] ?? ['application/json'], `${name}: body`)
    for (const { schema } of Object.values(requestBody?.content ?? {})) t.ok(schema, `${name}: shape of the body`)
  }
  for (const [status, { content = {} }] of Object.entries(responses)) {
    if (!status.startsWith('2')) continue
    t.same(Object.keys(content), ANSWERS[name] ?? ['application/json'], `${name}: ${status}`)
  }
  t.same(security, isToken || name === PUBLIC ? [] : [{ token: [] }, { certificate: [] }], `${name}: who may call`)
}

t.test(
  'the committed OpenAPI 3.1 description is that of the routes (npx tsx test/conformance/write-openapi.ts)',
  async (t) => {
    const described = await describeApi()
    t.equal(readFileSync(OPENAPI_FILE, 'utf8'), described)
    const document = JSON.parse(described) as Document
    const { openapi, paths } = document
    t.equal(openapi, '3.1.0')
    const { required = [] } = document.components.schemas.Problem ?? {}
    for (const fact of ['code', 'actor', 'retry', 'advice', 'texts'])
      t.ok(required.includes(fact), `a problem has ${fact}`)
    const operations = Object.values(paths).flatMap((path) => Object.values(path))
    t.ok(operations.length >= 14)
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods))
        sayComplete(t, `${method} ${path}`, operation, document)
    }
    t.equal(
      new Set(operations.map(({ operationId }) => operationId)).size,
      operations.length,
      'each operation has a name of its own',
    )
  },
)
