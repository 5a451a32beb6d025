import { type Static, type TObject, Type } from 'typebox'
import { loadConfig, unknownVariables } from './config.ts'
import type { Environment } from './environment.ts'
import { createLogger, type Logger } from './logger.ts'
import { sharedSettings } from './shared-settings.ts'

/** A started service. Disposing stops it: stop accepting, drain, finish the running step, close. */
export interface Running extends AsyncDisposable {
  /** Base addresses of its listeners, by name. */
  readonly urls?: Readonly<Record<string, string>>
}

export interface ServiceContext {
  readonly log: Logger
  /** Aborted when the process is asked to stop: take no new work. Disposing follows. */
  readonly signal: AbortSignal
}

/** A service as a value: the same code runs alone, in `services/all` and in tests. */
export interface ServiceDefinition<S extends TObject = TObject> {
  readonly name: string
  readonly config: S
  start(config: Static<S>, context: ServiceContext): Promise<Running>
}

const logSettings = Type.Object({ logLevel: sharedSettings.logLevel })

export function defineService<S extends TObject>(definition: ServiceDefinition<S>): ServiceDefinition<S> {
  return definition
}

export interface StartOptions {
  readonly log?: Logger
  readonly signal?: AbortSignal
}

/**
 * Starts a service with the settings in `env` and answers once it serves. Disposing the result aborts its signal first.
 * @throws BusError LT_CONF_INVALID, and whatever the start of the service throws
 */
export async function startService(
  definition: ServiceDefinition,
  env: Environment,
  options: StartOptions = {},
): Promise<Running> {
  const { logLevel } = loadConfig(logSettings, env)
  const log = options.log ?? createLogger(definition.name, { level: logLevel })
  const config = loadConfig(definition.config, env)
  for (const variable of unknownVariables(definition.config, env)) log.warn({ variable }, 'no setting has this name')
  const stopping = new AbortController()
  const signal = options.signal ? AbortSignal.any([stopping.signal, options.signal]) : stopping.signal
  const running = await definition.start(config, { log, signal })
  log.info('serving')
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    stopping.abort()
    await running[Symbol.asyncDispose]()
    log.info('stopped')
  }
  return {
    urls: running.urls ?? {},
    [Symbol.asyncDispose]: () => {
      stopped ??= stop()
      return stopped
    },
  }
}
