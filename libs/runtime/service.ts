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
  /** Notes how to close what was just opened; called, the last first, when the start fails half-way. Disposing does it otherwise. */
  onFailedStart(close: () => Promise<unknown>): void
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
  const opened: (() => Promise<unknown>)[] = []
  const onFailedStart = (close: () => Promise<unknown>): void => void opened.push(close)
  const running = await definition.start(config, { log, signal, onFailedStart }).catch(async (error: unknown) => {
    stopping.abort()
    for (const close of opened.reverse()) {
      await close().catch((second: unknown) => log.warn({ err: second }, 'something stays open after a failed start'))
    }
    throw error
  })
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
