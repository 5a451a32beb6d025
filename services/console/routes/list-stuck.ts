import type { HttpServer } from '../../../libs/http/index.ts'
import type { Operations } from '../../../libs/pipeline/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { findStuck } from '../../../libs/store/index.ts'

const QUESTION = { moveSeconds: 60, overdueHours: 24, deadDays: 7, limit: 100 }

/** GET /operator/v1/stuck: what a person should look at, as `lienthong stuck` does. */
export function registerListStuck(server: HttpServer, operations: Operations): void {
  server.get(
    '/operator/v1/stuck',
    {
      schema: {
        operationId: 'listStuck',
        summary: 'What does not move although it should',
        response: {
          200: Type.Object({
            items: Type.Array(
              Type.Object({ kind: Type.String(), id: Type.String(), agency: Type.String(), since: Type.String() }),
            ),
          }),
        },
      },
    },
    async () => {
      const items = await findStuck(operations.pool, QUESTION)
      return { items: items.map(({ since, ...item }) => ({ ...item, since: since.toISOString() })) }
    },
  )
}
