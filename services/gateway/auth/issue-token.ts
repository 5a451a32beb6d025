import { BusError } from '../../../libs/errors/index.ts'
import { type Clock, metric, sabotaged } from '../../../libs/runtime/index.ts'
import { type Queryable, recordAssertion } from '../../../libs/store/index.ts'
import type { AccessTokens } from './access-token.ts'
import type { Addresses } from './addresses.ts'
import type { AuthDirectory } from './auth-directory.ts'
import { systemInForce } from './caller.ts'
import { verifyAssertion } from './verify-assertion.ts'

const issued = metric.counter({ name: 'tokens_issued_total', help: 'access tokens issued' })

interface Context {
  readonly directory: AuthDirectory
  readonly database: Queryable
  readonly addresses: Addresses
  readonly tokens: AccessTokens
  readonly clock: Clock
  /** Counts what a proved system asks for. @throws BusError LT_HTTP_TOO_MANY_REQUESTS */
  readonly countSystem: (systemCode: string) => Promise<void>
}

/** Exchanges a client assertion, once, for an access token. @throws BusError LT_AUTH_…, LT_HTTP_TOO_MANY_REQUESTS, LT_STORE_UNAVAILABLE */
export async function issueToken(context: Context, text: string, clientId: string | undefined): Promise<string> {
  const assertion = await verifyAssertion(text, context)
  const { systemCode } = assertion
  if (clientId !== undefined && clientId !== systemCode) {
    throw new BusError('LT_AUTH_ASSERTION_CLAIM', { claim: 'iss', detail: 'differs from client_id' })
  }
  systemInForce(context.directory, systemCode)
  await context.countSystem(systemCode)
  // Last, so that a refused assertion leaves no row, and before anything is given away.
  const first = await recordAssertion(context.database, assertion)
  if (!first && !sabotaged('accept-replayed-assertion')) throw new BusError('LT_AUTH_ASSERTION_REPLAYED')
  issued.inc()
  return await context.tokens.issue(systemCode)
}
