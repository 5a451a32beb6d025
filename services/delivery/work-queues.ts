import { isUuid } from '../../libs/model/index.ts'
import type { QueueWorker } from '../../libs/queue/index.ts'
import { attemptDelivery } from './attempt-delivery.ts'
import { queueName } from './queue-name.ts'
import type { Stage } from './stage.ts'

/** Works on one queue per system that wants to be called; `follow` brings that in line with the registry. */
export function workQueues(stage: Stage): { follow(): void } {
  const workers = new Map<string, QueueWorker>()
  let followed = -1

  function open(code: string): QueueWorker {
    return stage.queues.work(queueName(code), {
      concurrency: stage.config.pushConcurrency,
      handler: async ({ data }) => {
        const id = (data as { id?: unknown } | null)?.id
        if (isUuid(id)) await attemptDelivery(stage, id)
      },
    })
  }

  return {
    follow() {
      if (followed === stage.registry.version) return
      followed = stage.registry.version
      const wanted = new Set(
        [...stage.registry.systems].filter(({ delivery }) => delivery === 'push').map(({ code }) => code),
      )
      for (const code of wanted) if (!workers.has(code)) workers.set(code, open(code))
      for (const [code, worker] of workers) {
        if (wanted.has(code)) continue
        workers.delete(code)
        void worker.close()
      }
    },
  }
}
