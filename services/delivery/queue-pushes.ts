import type { AddOptions } from '../../libs/queue/index.ts'
import type { WaitingPush } from '../../libs/store/index.ts'
import { chooseSystem } from './choose-system.ts'
import { queueName } from './queue-name.ts'
import type { Stage } from './stage.ts'

/**
 * Puts waiting pushes into the queues of their systems, each for when it is due. An entry that still waits there is not taken
 * twice; one too many is found stale when its turn comes.
 * @param options.most entries of a queue above which only urgent ones are added: what is left out is swept again later
 * @throws BusError LT_DLV_QUEUE_UNAVAILABLE, LT_STORE_UNAVAILABLE
 */
export async function queuePushes(
  stage: Stage,
  pushes: readonly WaitingPush[],
  options: { readonly most?: number } = {},
): Promise<void> {
  const bySystem = new Map<string, AddOptions[]>()
  const systems = await Promise.all(pushes.map((push) => chooseSystem(stage, push)))
  pushes.forEach(({ id, attempt, publish_round, due_ms, lane }, i) => {
    const code = systems[i]?.code
    if (code === undefined) return
    const entries = bySystem.get(code) ?? []
    bySystem.set(code, entries)
    entries.push({
      id: `${id}-${attempt + 1}-${publish_round}`,
      data: { id },
      delayMs: due_ms,
      urgent: lane === 'urgent',
    })
  })
  await Promise.all([...bySystem].map(([code, entries]) => addTo(stage, queueName(code), entries, options.most)))
}

async function addTo(
  { queues }: Stage,
  queue: string,
  entries: readonly AddOptions[],
  most: number | undefined,
): Promise<void> {
  if (most !== undefined) {
    const { waiting, delayed } = await queues.counts(queue)
    if (waiting + delayed >= most) return queues.addAll(queue, urgentOf(entries))
  }
  await queues.addAll(queue, entries)
}

const urgentOf = (entries: readonly AddOptions[]): AddOptions[] => entries.filter(({ urgent }) => urgent)
