import { isUuid } from '../../libs/model/index.ts'
import type { QueueWorker } from '../../libs/queue/index.ts'
import { attemptDelivery } from './attempt-delivery.ts'
import { queueName } from './queue-name.ts'
import type { Stage } from './stage.ts'

/** Works on one queue per system that wants to be called; `follow` brings that in line with the registry. */
export function workQueues(stage: Stage): { follow(): void } {
  const workers = new Map<string, QueueWorker>()
  /** Of a consignment that waits for its turn here, a second entry need not wait too. */
  const underWay = new Set<string>()
  let followed = -1

  function open(code: string, concurrency: number): QueueWorker {
    return stage.queues.work(queueName(code), {
      concurrency,
      handler: async ({ data }) => {
        const id = (data as { id?: unknown } | null)?.id
        if (!isUuid(id) || underWay.has(id)) return
        underWay.add(id)
        try {
          await attemptDelivery(stage, id)
        } finally {
          underWay.delete(id)
        }
      },
    })
  }

  return {
    follow() {
      if (followed === stage.registry.version) return
      followed = stage.registry.version
      const wanted = new Set<string>()
      for (const { code, delivery, pushConcurrency } of stage.registry.systems) {
        if (delivery !== 'push') continue
        wanted.add(code)
        const concurrency = pushConcurrency ?? stage.config.pushConcurrency
        const known = workers.get(code)
        if (known) known.setConcurrency(concurrency)
        else workers.set(code, open(code, concurrency))
      }
      for (const [code, worker] of workers) {
        if (wanted.has(code)) continue
        workers.delete(code)
        void worker.close()
      }
    },
  }
}
