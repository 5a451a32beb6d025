import { type Environment, processEnvironment, type Running, serviceEnvironment } from '../../../libs/runtime/index.ts'
import { startAll } from '../../all/start-all.ts'

const LOOK_MS = 2_000

/** An axis to demonstrate with; disposing ends it when it was started for that. */
export interface FoundAxis extends AsyncDisposable {
  readonly url: string
  readonly started: boolean
}

/** The gateway that already answers where the settings say, or all services, started in this process with a quiet log. */
export async function findAxis(base: Environment = processEnvironment()): Promise<FoundAxis> {
  const gateway = serviceEnvironment('gateway', base)
  const url = gateway.PUBLIC_URL ?? `http://${gateway.LISTEN_HOST ?? '127.0.0.1'}:${gateway.LISTEN_PORT ?? '8400'}`
  if (await isServing(url)) return { url, started: false, [Symbol.asyncDispose]: async () => undefined }
  const quiet = { ...base, LOG_LEVEL: base.LOG_LEVEL ?? 'error' }
  const running: Running = await startAll({ environment: (service) => serviceEnvironment(service, quiet) })
  return {
    url: running.urls?.native ?? url,
    started: true,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

async function isServing(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(LOOK_MS), redirect: 'error' })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
