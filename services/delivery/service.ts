import { readFileSync } from 'node:fs'
import { openBlobStore } from '../../libs/blobs/index.ts'
import { connectBus, type WorkMessage } from '../../libs/bus/index.ts'
import { BusError } from '../../libs/errors/index.ts'
import { type OutgoingOptions, openHealthListener, openOutgoing } from '../../libs/http/index.ts'
import { isUuid, type Lane, SUBJECTS } from '../../libs/model/index.ts'
import { checkBus, checkDatabase, checkFresh, startSweeper } from '../../libs/pipeline/index.ts'
import { openQueues } from '../../libs/queue/index.ts'
import { openRegistry } from '../../libs/registry/index.ts'
import { crashPoint, defineService } from '../../libs/runtime/index.ts'
import { checkDurability, checkSchema, findWaitingPushes, openPool } from '../../libs/store/index.ts'
import { runClocks } from './clocks/run-clocks.ts'
import { openAttemptCommits } from './commit-attempts.ts'
import { type DeliveryConfig, deliveryConfig } from './config.ts'
import { openBreakers } from './keep-breakers.ts'
import { loadSigner } from './load-signer.ts'
import { openPushPace } from './pace-pushes.ts'
import { openHookPoster } from './post-hooks.ts'
import { openProber } from './probe-endpoints.ts'
import { queuePushes } from './queue-pushes.ts'
import type { Stage } from './stage.ts'
import { sweepPushes } from './sweep-pushes.ts'
import { openTurner } from './turn-to-push.ts'
import { workQueues } from './work-queues.ts'

const LANES: readonly Lane[] = ['urgent', 'normal']
const MESSAGES_AT_ONCE = 200
/** How long pushes under way may still go on when the process is asked to stop. */
const DRAIN_MS = 5_000

/** Pushes consignments to systems that want to be called, until they have them or their time is over. */
export const deliveryService = defineService({
  name: 'delivery',
  config: deliveryConfig,
  async start(config, { log, signal, onFailedStart }) {
    const pool = openPool(config.databaseUrl, {
      name: 'lienthong delivery',
      max: 6,
      keepPlans: true,
      onLost: (error) => log.warn({ err: error }, 'connection lost'),
    })
    onFailedStart(() => pool.end())
    await checkSchema(pool)
    await checkDurability(pool)
    const [registry, blobs, signer, hookSigner] = await Promise.all([
      openRegistry({ pool, signal, log }),
      openBlobStore({ dir: config.blobDir }),
      loadSigner(config.keyDir, 'lt-push'),
      loadSigner(config.keyDir, 'lt-hook'),
    ])
    const client = openOutgoing(outgoingOf(config))
    onFailedStart(() => client.close())
    const bus = await connectBus({ url: config.natsUrl, name: 'delivery', signal, log })
    onFailedStart(() => bus.close())
    const queues = await openQueues({ redisUrl: config.redisUrl, name: 'delivery', log })
    onFailedStart(() => queues.close())
    const checks = {
      database: () => checkDatabase(pool),
      registry: () => checkFresh(registry),
      bus: () => checkBus(bus),
    }
    const closeHealth = await openHealthListener(config.healthPort, checks, log)
    onFailedStart(closeHealth)
    const commits = openAttemptCommits(pool, () => bus.publish(SUBJECTS.auditPending))
    const hurry = new AbortController()
    const breakers = await openBreakers({
      pool,
      log,
      limits: { failures: config.breakerFailures, firstMs: config.breakerFirstMs, maxMs: config.breakerMaxMs },
      onEntry: () => bus.publish(SUBJECTS.auditPending),
    })
    const stage: Stage = {
      config,
      log,
      pool,
      blobs,
      registry,
      bus,
      queues,
      client,
      signer,
      hookSigner,
      commits,
      breakers,
      pace: openPushPace(pool, signal),
      stopping: signal,
      hurry: hurry.signal,
    }

    const clocks = await runClocks({ config, log, pool, bus, registry }, { signal, hurry: hurry.signal })
    const workers = workQueues(stage)
    workers.follow()
    bus.subscribe(SUBJECTS.registryChanged, () => {
      registry
        .refresh()
        .then(workers.follow, (error: unknown) => log.debug({ err: error }, 'registry could not be refreshed'))
    })
    const handler = async (messages: readonly WorkMessage[]): Promise<void> => {
      const ids = messages.map(consignmentIdOf).filter((id) => id !== undefined)
      await queuePushes(stage, await findWaitingPushes(pool, ids))
      crashPoint('delivery-queued')
    }
    const consumers = LANES.map((lane) =>
      bus.consumeWork({
        stream: 'CONSIGNMENT_PUSH',
        durable: `delivery-${lane}`,
        filterSubject: `lt.consignment.push.${lane}.>`,
        batch: MESSAGES_AT_ONCE,
        handler,
        signal,
      }),
    )
    const turner = openTurner(stage)
    const sweeper = startSweeper({
      sweep: async () => {
        workers.follow()
        return (await turner.look()) + (await sweepPushes(stage))
      },
      idleMs: config.sweepIdleMs,
      signal,
      onError: (error) => log.warn({ err: error }, 'sweep failed'),
    })
    bus.subscribe(SUBJECTS.workRefilled, () => sweeper.wake())
    const prober = openProber(stage)
    const probing = startSweeper({
      sweep: prober.look,
      idleMs: config.breakerLookMs,
      signal,
      onError: (error) => log.warn({ err: error }, 'looking at endpoints failed'),
    })
    const poster = openHookPoster(stage, () => posting.wake())
    const posting = startSweeper({
      sweep: poster.look,
      idleMs: config.breakerLookMs,
      signal,
      onError: (error) => log.warn({ err: error }, 'looking for web hooks failed'),
    })
    bus.subscribe(SUBJECTS.hooksWaiting, () => posting.wake())
    const stopListening = queues.onReconnect(() => sweeper.wake())
    return {
      async [Symbol.asyncDispose]() {
        const timer = setTimeout(() => hurry.abort(), DRAIN_MS)
        stopListening()
        await closeHealth()
        await Promise.all([...consumers, sweeper.done, probing.done, posting.done, clocks.done])
        await Promise.all([prober.drain(), poster.drain()])
        await queues.close()
        clearTimeout(timer)
        await commits.close()
        await client.close()
        await bus.close()
        await pool.end()
      },
    }
  },
})

/** A message is only a reference; one that refers to nothing is acknowledged and forgotten. */
function consignmentIdOf(message: WorkMessage): string | undefined {
  try {
    const { id } = JSON.parse(Buffer.from(message.data).toString()) as { id?: unknown }
    return isUuid(id) ? id : undefined
  } catch {
    return undefined
  }
}

/** @throws BusError LT_CONF_FILE_UNREADABLE */
function outgoingOf(config: DeliveryConfig): OutgoingOptions {
  const { pushCaFile, pushCertificateFile, pushKeyFile } = config
  return {
    allowedNetworks: config.pushAllowedNetworks,
    connectTimeoutMs: config.pushConnectTimeoutMs,
    maxAnswerBytes: config.pushAnswerBytes,
    tls: {
      ...(pushCaFile === undefined ? {} : { ca: read(pushCaFile) }),
      ...(pushCertificateFile === undefined ? {} : { cert: read(pushCertificateFile) }),
      ...(pushKeyFile === undefined ? {} : { key: read(pushKeyFile) }),
    },
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}
