import { connectBus } from '../../libs/bus/index.ts'
import { openHealthListener } from '../../libs/http/index.ts'
import { SUBJECTS } from '../../libs/model/index.ts'
import { checkBus, checkDatabase, followProgress, loadEvidenceSigner, startSweeper } from '../../libs/pipeline/index.ts'
import { defineService } from '../../libs/runtime/index.ts'
import { checkDurability, checkSchema, openPool, readOrigin } from '../../libs/store/index.ts'
import { receiptsConfig } from './config.ts'
import { followLog } from './follow-log.ts'
import { notifyHooks } from './notify-hooks.ts'

/** Follows the log for senders: closes dispatches, tells whose evidence grew. */
export const receiptsService = defineService({
  name: 'receipts',
  config: receiptsConfig,
  async start(config, { log, signal, onFailedStart }) {
    const pool = openPool(config.databaseUrl, {
      name: 'lienthong receipts',
      max: 4,
      keepPlans: true,
      onLost: (error) => log.warn({ err: error }, 'connection lost'),
    })
    onFailedStart(() => pool.end())
    await checkSchema(pool)
    await checkDurability(pool)
    const signer = config.keyDir === undefined ? undefined : await loadEvidenceSigner(config.keyDir)
    const bus = await connectBus({ url: config.natsUrl, name: 'receipts', signal, log })
    onFailedStart(() => bus.close())
    const progress = followProgress(config.readBatch)
    const closeHealth = await openHealthListener(
      config.healthPort,
      { database: () => checkDatabase(pool), bus: () => checkBus(bus), log: progress.check },
      log,
    )
    onFailedStart(closeHealth)
    const reader = startSweeper({
      sweep: async () => {
        const step = await followLog(pool, config.readBatch)
        progress.note(step.read)
        if (step.noticed.length > 0) bus.publish(SUBJECTS.dispatchNoticed, Buffer.from(JSON.stringify(step.noticed)))
        if (step.read > 0) bus.publish(SUBJECTS.auditPending)
        return step.read
      },
      idleMs: config.readIdleMs,
      gather: { ms: config.readGatherMs, fullBatch: config.readBatch },
      signal,
      onError: (error) => log.warn({ err: error }, 'reading the log failed'),
    })
    // A reader of its own: what web hooks are told, and signing for them, must not hold up the closing of dispatches.
    const hooks = startSweeper({
      sweep: async () => {
        const { read, put } = await notifyHooks({
          pool,
          log,
          batchSize: config.readBatch,
          queueLength: config.hookQueueLength,
          ...(signer ? { receipts: { signer, axis: { name: config.axisName, id: await readOrigin(pool) } } } : {}),
        })
        if (put > 0) bus.publish(SUBJECTS.hooksWaiting)
        return read
      },
      idleMs: config.readIdleMs,
      gather: { ms: config.readGatherMs, fullBatch: config.readBatch },
      signal,
      onError: (error) => log.warn({ err: error }, 'reading the log for web hooks failed'),
    })
    bus.subscribe(SUBJECTS.logSequenced, () => {
      reader.wake()
      hooks.wake()
    })
    return {
      async [Symbol.asyncDispose]() {
        await closeHealth()
        await Promise.all([reader.done, hooks.done])
        await bus.close()
        await pool.end()
      },
    }
  },
})
