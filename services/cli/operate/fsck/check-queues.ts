import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus, StreamName } from '../../../../libs/bus/index.ts'
import { isUuid } from '../../../../libs/model/index.ts'
import type { Queues } from '../../../../libs/queue/index.ts'
import {
  type DueWork,
  filterKnown,
  filterWaiting,
  findLatePushes,
  findLateRouting,
  type Queryable,
} from '../../../../libs/store/index.ts'
import { queueName } from '../../../delivery/queue-name.ts'
import { type Finding, finding } from './finding.ts'

/** Messages and jobs looked at, per stream and queue. Where more wait, nothing can be said to be missing. */
const MOST = 5_000

export interface QueueCheck {
  readonly database: Queryable
  readonly bus?: Bus | undefined
  readonly queues?: Queues | undefined
  /** Codes of the systems that are pushed to. */
  readonly systems: readonly string[]
  /** Work that was due so many seconds ago should have a message or a job. */
  readonly graceSeconds: number
}

/** What is under way between a queue and its row is there a moment later no more. */
const SECOND_LOOK_MS = 300

/** What waits in NATS and in the queues, against the rows that wait. Both only carry: what is wrong here delays, and loses nothing. */
export async function checkQueues(check: QueueCheck): Promise<Finding[]> {
  const first = await collect(check)
  if (first.length === 0) return first
  await sleep(SECOND_LOOK_MS)
  const seen = new Set(first.map(({ kind, id }) => `${kind} ${id}`))
  return (await collect(check)).filter(({ kind, id }) => seen.has(`${kind} ${id}`))
}

async function collect(check: QueueCheck): Promise<Finding[]> {
  const found: Finding[] = []
  for await (const each of lookInto(check)) found.push(each)
  return found
}

async function* lookInto(check: QueueCheck): AsyncGenerator<Finding> {
  const { bus, queues } = check
  if (bus) {
    const routing = await idsIn(bus, 'DISPATCH')
    yield* dangling(
      await filterWaiting(check.database, 'dispatch', [...routing.ids]),
      routing.ids,
      'message-dangling',
      'DISPATCH',
    )
    if (routing.whole) {
      const late = await findLateRouting(check.database, check.graceSeconds, MOST)
      yield* missing(late, routing.ids, 'message-missing', 'message for routing')
    }
    const pushes = await idsIn(bus, 'CONSIGNMENT_PUSH')
    const known = await filterWaiting(check.database, 'consignment', [...pushes.ids])
    yield* dangling(known, pushes.ids, 'message-dangling', 'CONSIGNMENT_PUSH')
  }
  if (queues) yield* checkJobs(check, queues)
}

async function* checkJobs(check: QueueCheck, queues: Queues): AsyncGenerator<Finding> {
  const all = new Set<string>()
  let whole = true
  for (const system of check.systems) {
    const jobs = await queues.peek(queueName(system), MOST)
    whole &&= jobs.length < MOST
    const ids = new Set(jobs.flatMap(({ data }) => idOf(data) ?? []))
    for (const id of ids) all.add(id)
    // What an operator or a recall took out of the queue is found stale when its turn comes; until then it is in nobody's way.
    const due = new Set(jobs.flatMap(({ data, dueAtMs }) => (dueAtMs > Date.now() ? [] : (idOf(data) ?? []))))
    const early = [...ids].filter((id) => !due.has(id))
    const waiting = await filterWaiting(check.database, 'consignment', [...due])
    const known = await filterKnown(check.database, early)
    yield* dangling(new Set([...waiting, ...known]), ids, 'job-dangling', queueName(system))
  }
  if (!whole) return
  yield* missing(await findLatePushes(check.database, check.graceSeconds, MOST), all, 'job-missing', 'job of a push')
}

async function idsIn(bus: Bus, stream: StreamName): Promise<{ ids: ReadonlySet<string>; whole: boolean }> {
  const { total, messages } = await bus.peekWork(stream, MOST)
  const ids = messages.flatMap(({ data }) => idOf(parsed(data)) ?? [])
  return { ids: new Set(ids), whole: total <= messages.length }
}

function parsed(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString())
  } catch {
    return undefined
  }
}

function idOf(data: unknown): string | undefined {
  const id = typeof data === 'object' && data !== null && 'id' in data ? data.id : undefined
  return isUuid(id) ? id : undefined
}

function* dangling(
  known: ReadonlySet<string>,
  ids: ReadonlySet<string>,
  kind: 'message-dangling' | 'job-dangling',
  where: string,
): Generator<Finding> {
  for (const id of ids)
    if (!known.has(id)) yield finding(kind, id, { what: where, expected: 'a row that waits', found: 'none' })
}

function* missing(
  late: readonly DueWork[],
  ids: ReadonlySet<string>,
  kind: 'message-missing' | 'job-missing',
  what: string,
): Generator<Finding> {
  for (const { id, version } of late)
    if (!ids.has(id)) yield finding(kind, id, { what, expected: 'one', found: 'none', at: { version } })
}
