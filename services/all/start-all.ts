import { BusError } from '../../libs/errors/index.ts'
import {
  type Environment,
  type Running,
  type ServiceDefinition,
  serviceEnvironment,
  startService,
} from '../../libs/runtime/index.ts'
import { auditService } from '../audit/service.ts'
import { bridgeService } from '../bridge/service.ts'
import { consoleService } from '../console/service.ts'
import { deliveryService } from '../delivery/service.ts'
import { gatewayService } from '../gateway/service.ts'
import { receiptsService } from '../receipts/service.ts'
import { routingService } from '../routing/service.ts'

/** Not every installation has them: they start where this process has settings for them, or where they are named. */
const WHERE_CONFIGURED: readonly (readonly [definition: ServiceDefinition, setting: string])[] = [
  [bridgeService, 'UPSTREAM_URL'],
]

/** In the order they start: who makes the streams first, who lets callers in last. They stop the other way round. */
const SERVICES: readonly ServiceDefinition[] = [
  routingService,
  auditService,
  receiptsService,
  deliveryService,
  consoleService,
  gatewayService,
]

export interface StartAllOptions {
  /** Names of the services to start; all unless told. */
  readonly only?: readonly string[]
  /** What a service is started with; `LT_ENV_DIR/<service>.env` over the process's own unless told. */
  readonly environment?: (service: string) => Environment
  readonly signal?: AbortSignal
}

/**
 * Starts services in this process, each with its own settings, credentials and connections, exactly as if it ran alone.
 * When one does not start, those before it are stopped again.
 * @throws BusError LT_CONF_INVALID for a name that is no service, and whatever the start of a service throws
 */
export async function startAll(options: StartAllOptions = {}): Promise<Running> {
  const { only, environment = (service: string) => serviceEnvironment(service), signal } = options
  const running: Running[] = []
  const stop = async (): Promise<void> => {
    for (let last = running.pop(); last; last = running.pop()) await last[Symbol.asyncDispose]()
  }
  try {
    for (const definition of chosen(only, options.environment)) {
      running.push(await startService(definition, environment(definition.name), signal ? { signal } : {}))
    }
  } catch (error) {
    await stop()
    throw error
  }
  const urls = Object.assign({}, ...running.map((each) => each.urls)) as Record<string, string>
  return { urls, [Symbol.asyncDispose]: stop }
}

function chosen(
  only: readonly string[] | undefined,
  environment: StartAllOptions['environment'],
): readonly ServiceDefinition[] {
  const more = WHERE_CONFIGURED.filter(([{ name }, setting]) =>
    only ? only.includes(name) : !environment && serviceEnvironment(name, undefined, true)[setting],
  ).map(([definition]) => definition)
  if (!only) return [...SERVICES, ...more]
  const names = [...SERVICES, ...WHERE_CONFIGURED.map(([definition]) => definition)].map(({ name }) => name)
  const unknown = only.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    throw new BusError('LT_CONF_INVALID', {
      problems: `--only ${unknown.join(',')}: the services are ${names.join(', ')}`,
    })
  }
  return [...SERVICES.filter(({ name }) => only.includes(name)), ...more]
}
