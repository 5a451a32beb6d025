import { setTimeout as sleep } from 'node:timers/promises'
import { BusError, catalogue, fill } from '../../libs/errors/index.ts'
import { EVENTS, type EventName } from '../../libs/model/index.ts'
import type { AuditDraft } from '../../libs/pipeline/index.ts'
import { crashPoint, defineEvent } from '../../libs/runtime/index.ts'
import type { WaitingPush } from '../../libs/store/index.ts'
import type { Verdict } from './classify-answer.ts'
import type { WantedEnd } from './commit-attempts.ts'
import { type Plan, planEnd } from './plan-end.ts'
import { queueName } from './queue-name.ts'
import type { Stage } from './stage.ts'

/** An attempt that was begun. */
export interface OpenAttempt {
  readonly id: string
  /** The version since it was begun. */
  readonly version: number
  readonly dispatch_id: string
  readonly agency_code: string
  readonly attempt: number
  /** Attempts before an operator queued it again: limit and pauses began anew. */
  readonly attempt_base: number
  readonly age_ms: number
  /** Of the system it was for, as far as known. */
  readonly system: string | null
  /** Lower-case hex; needed where it was delivered. */
  readonly contentHash?: string
  /** Milliseconds after which its consignment is a dead letter; the setting of the service when absent. */
  readonly timeToLiveMs?: number
  readonly lane?: string
}

const PAUSE_MS = 250

const attemptEnded = defineEvent({
  name: 'attempt_ended',
  text: 'an attempt to push ended',
  labels: ['verdict', 'code'],
})

/**
 * Commits what an attempt came to and, where it is to be repeated, puts the next one into the queue of its system. The commit is
 * tried until the attempt's own deadline: what is known must not be forgotten because the database was away for a moment.
 */
export async function endAttempt(stage: Stage, open: OpenAttempt, verdict: Verdict, durationMs: number): Promise<void> {
  const { config } = stage
  const { id, version } = open
  const fault = verdict.fault?.code ?? null
  const limits = { ...config, ...(open.timeToLiveMs === undefined ? {} : { timeToLiveMs: open.timeToLiveMs }) }
  const planAt = (ageMs: number): Plan =>
    planEnd(verdict, { attempt: open.attempt - open.attempt_base, ageMs }, limits, Math.random)
  const commit = (plan: Plan, guard: Pick<WantedEnd, 'older_ms'>): Promise<number | undefined> =>
    commitEnd(stage, {
      id,
      version,
      outcome: verdict.outcome,
      http_status: verdict.status ?? null,
      duration_ms: Math.round(durationMs),
      code: fault,
      answer: verdict.said ?? null,
      ...moveOf(plan, config.sweepAfterMs),
      ...guard,
      entries: [
        draft(open, EVENTS.attemptEnded, detailsOf(open, verdict, durationMs)),
        ...followingEntries(open, plan),
      ],
    })
  const ageMs = open.age_ms + durationMs
  let plan = planAt(ageMs)
  const timeOver = plan.state === 'DEAD' && plan.code === 'LT_DLV_TIME_OVER'
  let ended = await commit(plan, timeOver ? { older_ms: ageMs } : {})
  if (ended === undefined && timeOver) {
    // Its time may have begun anew while this attempt went on: then the next one judges it by what the row says.
    plan = planAt(0)
    ended = await commit(plan, {})
  }
  if (ended === undefined) return
  crashPoint('delivery-ended')
  attemptEnded(stage.log, {
    consignmentId: id,
    attempt: open.attempt,
    verdict: verdict.outcome,
    code: fault ?? '',
    state: plan.state,
  })
  if (plan.state !== 'RETRYING' || open.system === null) return
  crashPoint('delivery-retrying')
  try {
    await stage.queues.add(queueName(open.system), {
      id: `${id}-${open.attempt + 1}-0`,
      data: { id },
      delayMs: plan.retryMs,
      urgent: open.lane === 'urgent',
    })
  } catch (error) {
    stage.log.debug({ err: error, consignmentId: id }, 'the sweeper will queue the next attempt')
  }
}

/** The end of a push whose time, so many milliseconds, is over before another attempt was begun. */
export async function endUnbegun(
  stage: Stage,
  push: WaitingPush,
  system: string | null,
  timeToLiveMs: number,
): Promise<void> {
  const plan: Plan = { state: 'DEAD', code: 'LT_DLV_TIME_OVER', params: { attempts: push.attempt, last: '-' } }
  const open = { ...push, system }
  await stage.commits.end({
    id: push.id,
    version: push.version,
    ...WITHOUT_ATTEMPT,
    ...moveOf(plan, 0),
    older_ms: timeToLiveMs,
    entries: followingEntries(open, plan),
  })
}

/** Gives a push to the mailbox of its agency: nobody wants it pushed any more. Answers whether it was this call that did. */
export async function reassignToMailbox(stage: Stage, push: WaitingPush): Promise<boolean> {
  const entries = [
    draft(push, EVENTS.reassigned, { agency: push.agency_code, from: 'push', to: 'pull' }),
    draft(push, EVENTS.available, { agency: push.agency_code, state: 'AVAILABLE', lane: push.lane }),
  ]
  const move = { state: 'AVAILABLE', retry_ms: null, sweep_ms: null, reason: null, text: null } as const
  return (
    (await stage.commits.end({ id: push.id, version: push.version, ...WITHOUT_ATTEMPT, ...move, entries })) !==
    undefined
  )
}

const WITHOUT_ATTEMPT = { outcome: null, http_status: null, duration_ms: null, code: null, answer: null } as const

async function commitEnd(stage: Stage, wanted: WantedEnd): Promise<number | undefined> {
  const until = performance.now() + stage.config.attemptGraceMs
  for (;;) {
    try {
      return await stage.commits.end(wanted)
    } catch (error) {
      if (stage.hurry.aborted || performance.now() > until) throw error
      await sleep(PAUSE_MS)
    }
  }
}

function moveOf(plan: Plan, sweepMs: number): Pick<WantedEnd, 'state' | 'retry_ms' | 'sweep_ms' | 'reason' | 'text'> {
  const nothing = { retry_ms: null, sweep_ms: null, reason: null, text: null }
  if (plan.state === 'RETRYING') return { ...nothing, state: plan.state, retry_ms: plan.retryMs, sweep_ms: sweepMs }
  if (plan.state === 'DEAD') return { ...nothing, state: plan.state, reason: plan.code, text: textOf(plan) }
  return { ...nothing, state: plan.state }
}

type Subject = Pick<OpenAttempt, 'id' | 'dispatch_id' | 'agency_code'>

function draft({ id, dispatch_id }: Subject, event: EventName, details: AuditDraft['details']): AuditDraft {
  return { event, dispatchId: dispatch_id, consignmentId: id, details }
}

function detailsOf(open: OpenAttempt, { outcome, status, fault }: Verdict, durationMs: number): AuditDraft['details'] {
  return {
    agency: open.agency_code,
    system: open.system,
    attempt: open.attempt,
    outcome,
    durationMs: Math.round(durationMs),
    ...(status === undefined ? {} : { status }),
    ...(fault === undefined ? {} : { code: fault.code }),
  }
}

/** A 2xx is hand-over and acknowledgement in one: both facts get their entry, in this order. */
function followingEntries(open: Omit<OpenAttempt, 'version'>, plan: Plan): AuditDraft[] {
  const who = { agency: open.agency_code, system: open.system }
  if (plan.state === 'ACKNOWLEDGED') {
    if (open.contentHash === undefined) throw new BusError('LT_STORE_CONTENT_MISSING', { path: open.dispatch_id })
    const acknowledged = { ...who, contentHash: open.contentHash, fetched: true, attempt: open.attempt }
    return [draft(open, EVENTS.handedOver, who), draft(open, EVENTS.acknowledged, acknowledged)]
  }
  if (plan.state !== 'DEAD') return []
  return [draft(open, EVENTS.deadLettered, { ...who, attempts: open.attempt, reason: plan.code, text: textOf(plan) })]
}

function textOf({ code, params }: Extract<Plan, { state: 'DEAD' }>): string {
  return fill(catalogue[code].title.vi, params)
}
