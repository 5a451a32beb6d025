import { connectBus } from '../../libs/bus/index.ts'
import { openHealthListener } from '../../libs/http/index.ts'
import { SUBJECTS } from '../../libs/model/index.ts'
import { checkBus, checkDatabase, followProgress, startSweeper } from '../../libs/pipeline/index.ts'
import { defineService } from '../../libs/runtime/index.ts'
import { checkDurability, checkSchema, openPool } from '../../libs/store/index.ts'
import { receiptsConfig } from './config.ts'
import { followLog } from './follow-log.ts'

/** Follows the log for senders: closes dispatches, tells whose evidence grew. */
export const receiptsService = defineService({
  name: 'receipts',
  config: receiptsConfig,
  async start(config, { log, signal, onFailedStart }) {
    const pool = openPool(config.databaseUrl, {
      name: 'lienthong receipts',
      max: 2,
      keepPlans: true,
      onLost: (error) => log.warn({ err: error }, 'connection lost'),
    })
    onFailedStart(() => pool.end())
    await checkSchema(pool)
    await checkDurability(pool)
    const bus = await connectBus({ url: config.natsUrl, name: 'receipts', signal, log })
    onFailedStart(() => bus.close())
    const progress = followProgress(config.readBatch)
    const closeHealth = await openHealthListener(
      config.healthPort,
      { database: () => checkDatabase(pool), bus: () => checkBus(bus), log: progress.check },
      log,
    )
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
    bus.subscribe(SUBJECTS.logSequenced, () => reader.wake())
    return {
      async [Symbol.asyncDispose]() {
        await closeHealth()
        await reader.done
        await bus.close()
        await pool.end()
      },
    }
  },
})
