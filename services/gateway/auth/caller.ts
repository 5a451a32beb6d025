import { BusError } from '../../../libs/errors/index.ts'
import type { FastifyRequest } from '../../../libs/http/index.ts'
import type { SystemId } from '../../../libs/model/index.ts'
import type { AuthDirectory } from './auth-directory.ts'

/** The system a request comes from, proved. */
export interface Caller {
  readonly systemId: SystemId
  readonly systemCode: string
  /** Whether what it sends is real or a test. */
  readonly traffic: 'real' | 'test'
  readonly via: 'token' | 'mtls'
}

/** Name under which a request carries its caller. */
export const CALLER = 'caller'

/** The caller of a request on a route that requires one. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = request.getDecorator<Caller | null>(CALLER)
  if (!caller) throw new TypeError('the route does not require a system')
  return caller
}

/**
 * The caller that a proved system code stands for, read now.
 * @throws BusError LT_AUTH_SUSPENDED, also when the system is registered no more
 */
export function callerFor(directory: AuthDirectory, systemCode: string, via: Caller['via']): Caller {
  const system = directory.system(systemCode)
  if (!system || system.code !== systemCode || system.suspendedAt) throw new BusError('LT_AUTH_SUSPENDED')
  return { systemId: system.id, systemCode: system.code, traffic: system.traffic, via }
}
