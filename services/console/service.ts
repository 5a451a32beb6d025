import { connectBus } from '../../libs/bus/index.ts'
import {
  buildHttpServer,
  loadTls,
  openHealthListener,
  refusePlainNetwork,
  registerHealth,
} from '../../libs/http/index.ts'
import { SUBJECTS } from '../../libs/model/index.ts'
import { checkDatabase, checkFresh } from '../../libs/pipeline/index.ts'
import { openRegistry } from '../../libs/registry/index.ts'
import { defineService } from '../../libs/runtime/index.ts'
import { checkDurability, checkSchema, openPool } from '../../libs/store/index.ts'
import { consoleConfig } from './config.ts'
import { createCallerCheck } from './identify-caller.ts'
import { registerRoutes } from './register-routes.ts'

const MAX_HEADER_BYTES = 16 * 1024
const MAX_JSON_BYTES = 1024 * 1024
const REQUEST_TIMEOUT_MS = 60_000

/** The operators' door: what they do to consignments, systems and the axis. */
export const consoleService = defineService({
  name: 'console',
  config: consoleConfig,
  async start(config, { log, signal, onFailedStart }) {
    const tls = loadTls(config)
    refusePlainNetwork(config.listenHost, tls)
    const pool = openPool(config.databaseUrl, {
      name: 'lienthong console',
      max: 4,
      keepPlans: true,
      onLost: (error) => log.warn({ err: error }, 'connection lost'),
    })
    onFailedStart(() => pool.end())
    await checkSchema(pool)
    await checkDurability(pool)
    const registry = await openRegistry({ pool, signal, log })
    const bus = await connectBus({ url: config.natsUrl, name: 'console', signal, log })
    onFailedStart(() => bus.close())
    bus.subscribe(SUBJECTS.registryChanged, () => {
      registry.refresh().catch((error: unknown) => log.debug({ err: error }, 'registry could not be refreshed'))
    })
    const server = await buildHttpServer({
      name: 'console',
      log,
      bodyLimit: MAX_JSON_BYTES,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      headersTimeoutMs: 10_000,
      maxHeaderBytes: MAX_HEADER_BYTES,
      ...(tls ? { tls } : {}),
    })
    onFailedStart(() => server.close())
    const checks = { database: () => checkDatabase(pool), registry: () => checkFresh(registry) }
    registerHealth(server, checks)
    const requireOperator = createCallerCheck(server, pool, config.operatorFailuresPerMinute)
    await registerRoutes(server, { pool, directory: registry, bus }, requireOperator)
    const closeHealth = await openHealthListener(config.healthPort, checks, log)
    onFailedStart(closeHealth)
    const url = await server.listen({ host: config.listenHost, port: config.listenPort })
    return {
      urls: { console: url },
      async [Symbol.asyncDispose]() {
        await Promise.all([server.close(), closeHealth()])
        await bus.close()
        await pool.end()
      },
    }
  },
})
