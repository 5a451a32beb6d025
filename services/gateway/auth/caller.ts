import { BusError } from '../../../libs/errors/index.ts'
import type { FastifyRequest } from '../../../libs/http/index.ts'
import type { SystemId } from '../../../libs/model/index.ts'
import type { SystemRow } from '../../../libs/store/index.ts'
import type { AuthDirectory } from './auth-directory.ts'

/** The system a request comes from, proved. */
export interface Caller {
  readonly systemId: SystemId
  readonly systemCode: string
  /** Whether what it sends is real, a test, or a shadow that reaches nobody. */
  readonly traffic: SystemRow['traffic']
  readonly credential: Credential
}

/** What a caller proved itself with. */
export type Credential =
  | {
      readonly via: 'token'
      /** When the token ends, in milliseconds. */
      readonly expiresAt: number
    }
  | {
      readonly via: 'mtls'
      /** Of the client certificate; SHA-256, lower-case hex. */
      readonly fingerprint: string
    }
  | {
      /** A shared secret at the compatible door. */
      readonly via: 'secret'
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
export function callerFor(directory: AuthDirectory, systemCode: string, credential: Credential): Caller {
  const { id, traffic } = systemInForce(directory, systemCode)
  return { systemId: id, systemCode, traffic, credential }
}

/** @throws BusError LT_AUTH_SUSPENDED, also when the system is registered no more */
export function systemInForce(directory: AuthDirectory, systemCode: string): SystemRow {
  const system = directory.system(systemCode)
  if (!system || system.code !== systemCode || system.suspendedAt) throw new BusError('LT_AUTH_SUSPENDED')
  return system
}
