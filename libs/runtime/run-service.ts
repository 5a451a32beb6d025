import { fill, isBusError } from '../errors/index.ts'
import { serviceEnvironment } from './environment.ts'
import { EXIT, exitCodeOf } from './exit-code.ts'
import { createLogger, type Logger } from './logger.ts'
import { type Running, type ServiceDefinition, startService } from './service.ts'

/** How long a process may take to drain after SIGTERM before it ends itself. */
const FORCED_EXIT_MS = 10_000

/**
 * The whole `main.ts` of a service: settings, log, start, and an orderly end on SIGTERM or SIGINT. A second signal, or
 * 10 s, ends it at once; that is safe, since nothing that was answered lies only in memory. Exit codes: `EXIT`.
 */
export async function runService(definition: ServiceDefinition): Promise<void> {
  await runProcess(definition.name, (signal) =>
    startService(definition, serviceEnvironment(definition.name), { signal }),
  )
}

/** Runs anything that starts and can be disposed as the work of this process: `services/all` starts a list this way. */
export async function runProcess(
  name: string,
  start: (signal: AbortSignal, log: Logger) => Promise<Running>,
): Promise<void> {
  const log = createLogger(name)
  const stopping = new AbortController()
  dieOnDefects(log)
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (stopping.signal.aborted) process.exit(EXIT.internal)
        log.info({ signal }, 'stopping')
        stopping.abort()
        setTimeout(() => {
          log.fatal('did not stop in time')
          process.exit(EXIT.internal)
        }, FORCED_EXIT_MS).unref()
        resolve()
      })
    }
  })
  try {
    const running = await start(stopping.signal, log)
    await asked
    await running[Symbol.asyncDispose]()
    process.exitCode = 0
  } catch (error) {
    log.fatal({ err: error }, 'ended by an error')
    if (isBusError(error)) {
      const { title, advice } = error.entry
      process.stderr.write(`${error.code}: ${fill(title.en, error.params)}\n${fill(advice.en, error.params)}\n`)
    }
    process.exit(exitCodeOf(error))
  }
}

/** An error nobody handled means a state nobody knows. The truth is in the database, so ending is the safe thing. */
function dieOnDefects(log: Logger): void {
  const die = (error: unknown): void => {
    log.fatal({ err: error }, 'unhandled error')
    process.exit(EXIT.internal)
  }
  process.on('uncaughtException', die)
  process.on('unhandledRejection', die)
}
