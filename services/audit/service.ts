import { connectBus } from '../../libs/bus/index.ts'
import { openHealthListener } from '../../libs/http/index.ts'
import { SUBJECTS } from '../../libs/model/index.ts'
import { checkBus, checkDatabase, followProgress, startSweeper } from '../../libs/pipeline/index.ts'
import { crashPoint, defineService } from '../../libs/runtime/index.ts'
import { checkDurability, checkSchema, openPool } from '../../libs/store/index.ts'
import { auditConfig } from './config.ts'
import { openSequencer } from './sequence-entries.ts'

/** Gives every audit entry its index in the log. */
export const auditService = defineService({
  name: 'audit',
  config: auditConfig,
  async start(config, { log, signal, onFailedStart }) {
    const pool = openPool(config.databaseUrl, { name: 'lienthong audit', max: 1 })
    onFailedStart(() => pool.end())
    await checkSchema(pool)
    await checkDurability(pool)
    const bus = await connectBus({ url: config.natsUrl, name: 'audit', signal, log })
    onFailedStart(() => bus.close())
    const progress = followProgress(config.sequenceBatch)
    const closeHealth = await openHealthListener(
      config.healthPort,
      { database: () => checkDatabase(pool), bus: () => checkBus(bus), log: progress.check },
      log,
    )
    onFailedStart(closeHealth)
    const sequencer = openSequencer({ databaseUrl: config.databaseUrl, batchSize: config.sequenceBatch })
    const loop = startSweeper({
      sweep: async () => {
        const count = await sequencer.step()
        if (count > 0) crashPoint('audit-sequenced')
        progress.note(count)
        if (count > 0) bus.publish(SUBJECTS.logSequenced)
        return count
      },
      idleMs: config.sequenceIdleMs,
      gather: { ms: config.sequenceGatherMs, fullBatch: config.sequenceBatch },
      signal,
      onError: (error) => log.warn({ err: error }, 'sequencing failed'),
    })
    bus.subscribe(SUBJECTS.auditPending, () => loop.wake())
    return {
      async [Symbol.asyncDispose]() {
        await closeHealth()
        await loop.done
        await sequencer[Symbol.asyncDispose]()
        await bus.close()
        await pool.end()
      },
    }
  },
})
