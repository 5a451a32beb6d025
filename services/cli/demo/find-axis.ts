import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type Environment, type Running, serviceEnvironment } from '../../../libs/runtime/index.ts'
import { startAll } from '../../all/start-all.ts'
import { isOwnAxis } from './is-own-axis.ts'
import type { DemoSystem } from './seed.ts'

const LOOK_MS = 2_000

/** An axis to demonstrate with; disposing ends it when it was started for that. */
export interface FoundAxis extends AsyncDisposable {
  readonly url: string
  readonly started: boolean
}

/**
 * Our own gateway where it already answers at the address of the settings, or all services, started in this process with a quiet log:
 * at that address, or on free ports where somebody else listens there.
 * @param settings of an axis that is started, over those of `base`
 * @param system registered in our database with a key of its own, by which our axis is told from another
 */
export async function findAxis(
  base: Environment,
  system: DemoSystem,
  keyDir: string,
  settings: Environment = {},
): Promise<FoundAxis> {
  const gateway = serviceEnvironment('gateway', base)
  const url = gateway.PUBLIC_URL ?? `http://${gateway.LISTEN_HOST ?? '127.0.0.1'}:${gateway.LISTEN_PORT ?? '8400'}`
  if ((await isServing(url)) && (await isOwnAxis(url, system, keyDir))) {
    return { url, started: false, [Symbol.asyncDispose]: async () => undefined }
  }
  const port = await freePort(new URL(url))
  // The address of tokens has to be the one that is called, so a free port is chosen here and not by the listener.
  const own = port === undefined ? {} : { LISTEN_PORT: String(port), DOOR_PORT: '0', PUBLIC_URL: undefined }
  const others = port === undefined ? {} : { LISTEN_PORT: '0' }
  const quiet = { ...base, LOG_LEVEL: base.LOG_LEVEL ?? 'error' }
  const running: Running = await startAll({
    environment: (service) => ({
      ...serviceEnvironment(service, quiet),
      ...(service === 'gateway' ? own : others),
      ...settings,
    }),
  })
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

/** A free port of the same host where the address is taken; `undefined` where it is not, or is not this machine's. */
async function freePort({ hostname, port }: URL): Promise<number | undefined> {
  try {
    await tryPort(hostname, Number(port))
    return undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return undefined
    return tryPort(hostname, 0)
  }
}

async function tryPort(host: string, port: number): Promise<number> {
  const server = createServer().listen(port, host)
  await once(server, 'listening')
  const { port: found } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return found
}
