import { EVENTS } from '../../libs/model/index.ts'
import { RECEIPT_EVENTS } from '../../libs/pipeline/index.ts'
import type { CrashWorld } from './crash-world.ts'
import type { HookNotice, HookPost } from './hook-receiver.ts'
import type { Handover, StatusSent } from './read-stores.ts'

/** What the clients' stores say a hook has to be told of. */
export interface HookExpectation {
  readonly systemCode: string
  /** Sent by that system. */
  readonly handovers: readonly Handover[]
  /** Of every receiver. */
  readonly statuses: readonly StatusSent[]
  /** Consignments that were recalled before anybody had them: nobody acknowledges those. */
  readonly withdrawn: ReadonlySet<string>
}

export interface HookVerdict {
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
  /** Notices that were told, each counted once. */
  readonly told: number
  /** Notices that came again under the same id, which is allowed. */
  readonly repeats: number
}

/**
 * A hook is told every fact at least once and under one id, in the order of the log, and nothing that is not in the log. The facts are
 * asked for twice: from the clients' stores, and from the log itself.
 */
export async function judgeHook(world: CrashWorld, expected: HookExpectation): Promise<HookVerdict> {
  const { systemCode } = expected
  const posts = world.hooks.postsOf(systemCode)
  const notices = posts.flatMap((post) => post.notices)
  const byId = new Map(notices.map((notice) => [notice.id, notice]))
  const logged = await readLogged(world, systemCode)
  const of = (what: string): string => `hook of ${systemCode}: ${what}`
  const told = new Set(
    [...byId.values()].map(({ event, dispatch, consignment }) => factOf(event, consignment ?? dispatch)),
  )
  return {
    lost: [
      ...factsOf(expected)
        .filter((fact) => !told.has(fact))
        .map((fact) => of(`never told of ${fact}`)),
      ...logged.wanted
        .filter(({ id }) => !byId.has(id))
        .map(({ id, event }) => of(`never told of entry ${id}, ${event}`)),
      ...posts.filter(({ missed }) => missed > 0).map(({ missed }) => of(`${missed} notices were given up`)),
      ...faultsOfOrder(notices).map(of),
    ],
    doubled: [
      ...[...byId.keys()].filter((id) => !logged.known.has(id)).map((id) => of(`told of ${id}, which is no entry`)),
      ...twice(posts).map((attempt) => of(`attempt ${attempt} came twice`)),
    ],
    told: byId.size,
    repeats: notices.length - byId.size,
  }
}

const factOf = (event: string, about: string): string => `${event} of ${about}`

function factsOf({ handovers, statuses, withdrawn }: HookExpectation): string[] {
  const own = new Set(handovers.flatMap(({ recipients }) => recipients.map(({ consignment }) => consignment)))
  return [
    ...handovers.flatMap(({ dispatch, recipients }) => [
      factOf(EVENTS.submissionAccepted, dispatch),
      factOf(EVENTS.closed, dispatch),
      ...recipients.flatMap(({ consignment }) =>
        withdrawn.has(consignment)
          ? [factOf(EVENTS.recalled, consignment)]
          : [factOf(EVENTS.handedOver, consignment), factOf(EVENTS.acknowledged, consignment)],
      ),
    ]),
    ...statuses
      .filter(({ consignment, outcome }) => own.has(consignment) && outcome === 'sent')
      .map(({ consignment }) => factOf(EVENTS.statusReported, consignment)),
  ]
}

/** A post that is repeated begins further back; what is new in it comes behind everything that was told before. */
export function faultsOfOrder(notices: readonly HookNotice[]): string[] {
  const faults: string[] = []
  const placeOf = new Map<string, string>()
  let last = -1
  for (const { id, position } of notices) {
    const before = placeOf.get(id)
    if (before !== undefined && before !== position) faults.push(`${id} stood at ${before} and at ${position}`)
    if (before !== undefined) continue
    placeOf.set(id, position)
    const index = Number(position.split('/')[1])
    if (!(index > last)) faults.push(`${id} at ${position} came after ${last}`)
    last = Math.max(last, index)
  }
  return faults
}

/** An attempt is claimed once; its number reaches the hook once. */
function twice(posts: readonly HookPost[]): string[] {
  const attempts = posts.map(({ attempt }) => attempt)
  return attempts.filter((attempt, i) => attempts.indexOf(attempt) !== i)
}

interface Logged {
  /** Every entry of the log. */
  readonly known: ReadonlySet<string>
  /** Entries that are news for the system as the sender of their dispatch. */
  readonly wanted: readonly { readonly id: string; readonly event: string }[]
}

async function readLogged({ eyes }: CrashWorld, systemCode: string): Promise<Logged> {
  const { rows: all } = await eyes.query<{ id: string }>('select entry_id as id from log_leaf')
  const { rows: wanted } = await eyes.query<{ id: string; event: string }>(
    `select e.id, e.event from audit_entry e join dispatch d on d.id = e.dispatch_id join system s on s.id = d.system_id
     where s.code = $1 and e.event = any($2)`,
    [systemCode, [...RECEIPT_EVENTS, EVENTS.closed]],
  )
  return { known: new Set(all.map(({ id }) => id)), wanted }
}
