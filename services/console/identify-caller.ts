import { BusError, isBusError } from '../../libs/errors/index.ts'
import { createRateLimit, type FastifyRequest, type HttpServer } from '../../libs/http/index.ts'
import { identifyOperator, type Operator } from '../../libs/pipeline/index.ts'
import type { Queryable } from '../../libs/store/index.ts'

const OPERATOR = 'operator'
const MINUTE_MS = 60_000

/**
 * The `onRequest` hook of every route: who holds the access key, before the body is looked at. Wrong keys are counted by address.
 * @throws (the hook) BusError LT_OPS_KEY_INVALID, LT_HTTP_TOO_MANY_REQUESTS, LT_STORE_UNAVAILABLE
 */
export function createCallerCheck(
  server: HttpServer,
  database: Queryable,
  failuresPerMinute: number,
): (request: FastifyRequest) => Promise<void> {
  const failures = createRateLimit(server, { name: 'operator-failure', max: failuresPerMinute, windowMs: MINUTE_MS })
  server.decorateRequest(OPERATOR, null)
  return async (request) => {
    await failures.check(request)
    try {
      const header = request.headers.authorization ?? ''
      if (header.slice(0, 7).toLowerCase() !== 'bearer ') throw new BusError('LT_OPS_KEY_INVALID')
      request.setDecorator(OPERATOR, await identifyOperator(database, header.slice(7)))
    } catch (error) {
      if (isBusError(error, 'LT_OPS_KEY_INVALID')) await failures.count(request)
      throw error
    }
  }
}

/** The operator who calls. */
export function operatorOf(request: FastifyRequest): Operator {
  const operator = request.getDecorator<Operator | null>(OPERATOR)
  if (!operator) throw new TypeError('the route does not require an operator')
  return operator
}
