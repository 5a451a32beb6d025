import { connectBus, type WorkMessage } from '../../libs/bus/index.ts'
import { openHealthListener } from '../../libs/http/index.ts'
import { isUuid, type Lane, SUBJECTS } from '../../libs/model/index.ts'
import { checkBus, checkDatabase, checkFresh, startSweeper } from '../../libs/pipeline/index.ts'
import { openRegistry } from '../../libs/registry/index.ts'
import { crashPoint, defineService } from '../../libs/runtime/index.ts'
import { checkDurability, checkSchema, ensurePartitions, openPool } from '../../libs/store/index.ts'
import { announceConsignments } from './announce-consignments.ts'
import { routingConfig } from './config.ts'
import { keepPartitionsAhead } from './keep-partitions.ts'
import { type RoutedConsignment, routeDispatches } from './route-dispatches.ts'
import { sweepDispatches } from './sweep-dispatches.ts'

const LANES: readonly Lane[] = ['urgent', 'normal']

/** Turns accepted dispatches into consignments. Owns the streams: makes them at start and again when they are gone. */
export const routingService = defineService({
  name: 'routing',
  config: routingConfig,
  async start(config, { log, signal, onFailedStart }) {
    const pool = openPool(config.databaseUrl, {
      name: 'lienthong routing',
      max: 4,
      keepPlans: true,
      onLost: (error) => log.warn({ err: error }, 'connection lost'),
    })
    onFailedStart(() => pool.end())
    await checkSchema(pool)
    await checkDurability(pool)
    const registry = await openRegistry({ pool, signal })
    const bus = await connectBus({ url: config.natsUrl, name: 'routing', signal, log })
    onFailedStart(() => bus.close())
    const closeHealth = await openHealthListener(
      config.healthPort,
      { database: () => checkDatabase(pool), registry: () => checkFresh(registry), bus: () => checkBus(bus) },
      log,
    )
    onFailedStart(closeHealth)
    // Where NATS goes away at this moment the sweeper makes them once it is back.
    if (bus.connected)
      await bus.ensureStreams().catch((error: unknown) => log.warn({ err: error }, 'streams cannot be made yet'))
    await ensurePartitions(pool)
    keepPartitionsAhead(pool, log, signal)
    const options = {
      pool,
      registry,
      consignmentsPerCommit: config.consignmentsPerCommit,
      onRouted: async (consignments: readonly RoutedConsignment[]) => {
        bus.publish(SUBJECTS.auditPending)
        await announceConsignments(bus, consignments)
      },
      onUnroutable: (dispatchId: string, error: unknown) =>
        log.error({ err: error, dispatchId }, 'dispatch cannot be routed'),
    }

    const handle = async (messages: readonly WorkMessage[]): Promise<void> => {
      const ids = messages.map(dispatchIdOf).filter((id) => id !== undefined)
      crashPoint('routing-taken')
      await routeDispatches(ids, options)
      crashPoint('routing-announced')
    }
    const consumers = LANES.map((lane) =>
      bus.consumeWork({
        stream: 'DISPATCH',
        durable: `routing-${lane}`,
        filterSubject: SUBJECTS.dispatchAccepted(lane),
        batch: config.batchSize,
        handler: handle,
        signal,
      }),
    )
    const sweeper = startSweeper({
      sweep: () => sweepDispatches(pool, bus),
      idleMs: config.sweepIdleMs,
      signal,
      onError: (error) => log.warn({ err: error }, 'sweep failed'),
    })
    bus.onReconnect(() => sweeper.wake())
    bus.subscribe(SUBJECTS.workRefilled, () => sweeper.wake())
    return {
      async [Symbol.asyncDispose]() {
        await closeHealth()
        await Promise.all([...consumers, sweeper.done])
        await bus.close()
        await pool.end()
      },
    }
  },
})

/** A message is only a reference; one that refers to nothing is acknowledged and forgotten. */
function dispatchIdOf(message: WorkMessage): string | undefined {
  try {
    const { id } = JSON.parse(Buffer.from(message.data).toString()) as { id?: unknown }
    return isUuid(id) ? id : undefined
  } catch {
    return undefined
  }
}
