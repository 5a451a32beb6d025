import { readFileSync } from 'node:fs'
import t from 'tap'
import { describeApi, OPENAPI_FILE } from './describe-api.ts'

t.test(
  'the committed OpenAPI 3.1 description is that of the routes (npx tsx test/conformance/write-openapi.ts)',
  async (t) => {
    const described = await describeApi()
    t.equal(readFileSync(OPENAPI_FILE, 'utf8'), described)
    const { openapi, paths } = JSON.parse(described) as {
      openapi: string
      paths: Record<string, Record<string, { operationId?: string }>>
    }
    t.equal(openapi, '3.1.0')
    const operations = Object.values(paths).flatMap((path) => Object.values(path))
    t.ok(operations.length >= 14)
    t.equal(
      new Set(operations.map(({ operationId }) => operationId)).size,
      operations.length,
      'each operation has a name of its own',
    )
  },
)
