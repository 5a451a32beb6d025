import { EVENTS, newConsignmentId } from '../../libs/model/index.ts'
import { crashPoint, sabotaged } from '../../libs/runtime/index.ts'
import type { WaitingPush } from '../../libs/store/index.ts'
import { awaitTurn, findTurn, type PushTurn } from './await-turn.ts'
import { buildPush, digestField } from './build-push.ts'
import { type PushSystem, pushEndpoint, timeToLiveMs } from './choose-system.ts'
import { classifyAnswer, classifyFailure, signOf, type Verdict } from './classify-answer.ts'
import { endAttempt } from './end-attempt.ts'
import type { Endpoint } from './keep-breakers.ts'
import type { Stage } from './stage.ts'

/** Content may take its time on a slow line, but not for ever. */
const LEAST_BYTES_PER_MS = 128

/**
 * One attempt to push one consignment, when it may be made: its begin is committed first, and only then the network is touched. Whoever
 * comes second for the same attempt finds it begun and does nothing. Rejects only when its end could not be committed: the sweeper closes it.
 */
export async function attemptDelivery(stage: Stage, id: string): Promise<void> {
  const turn = await awaitTurn(stage, id)
  if (turn) await attempt(stage, turn, false)
}

/**
 * Tries a broken endpoint by one push, without waiting for anything. Answers whether it was attempted; what came of it was noted.
 * @param endpoint the push must still go there
 */
export async function attemptProbe(stage: Stage, id: string, endpoint: Endpoint): Promise<boolean> {
  const turn = await findTurn(stage, id)
  return turn !== undefined && turn.system.id === endpoint.systemId && attempt(stage, turn, true)
}

/** Longest time of one push of that size, in milliseconds. */
export function pushTimeoutMs({ config }: Stage, contentSize: number): number {
  return config.pushTimeoutMs + Math.ceil(contentSize / LEAST_BYTES_PER_MS)
}

async function attempt(stage: Stage, { push, system }: PushTurn, probe: boolean): Promise<boolean> {
  const number = push.attempt + 1
  const timeoutMs = pushTimeoutMs(stage, push.content_size)
  const begun = performance.now()
  const early = sabotaged('unclaimed-attempt') ? await send(stage, push, system, number, timeoutMs) : undefined
  const version = await claim(stage, push, system, number, timeoutMs)
  if (version === undefined) return false
  crashPoint('delivery-claimed')
  const verdict = early ?? (await send(stage, push, system, number, timeoutMs))
  const open = {
    ...push,
    version,
    attempt: number,
    system: system.code,
    contentHash: push.content_hash.toString('hex'),
    timeToLiveMs: timeToLiveMs(stage.config, system),
  }
  await Promise.all([
    endAttempt(stage, open, verdict, performance.now() - begun),
    stage.breakers.note(pushEndpoint(system), signOf(verdict, probe), verdict.fault?.code ?? null),
  ])
  return true
}

function claim(
  stage: Stage,
  push: WaitingPush,
  system: PushSystem,
  attempt: number,
  timeoutMs: number,
): Promise<number | undefined> {
  const details = { agency: push.agency_code, system: system.code, attempt, endpoint: new URL(system.pushUrl).origin }
  return stage.commits.claim(
    {
      id: push.id,
      version: push.version,
      attempt,
      deadline_ms: timeoutMs + stage.config.attemptGraceMs,
      entries: [{ event: EVENTS.attemptBegun, dispatchId: push.dispatch_id, consignmentId: push.id, details }],
    },
    push.lane === 'urgent',
  )
}

async function send(
  stage: Stage,
  push: WaitingPush,
  system: PushSystem,
  attempt: number,
  timeoutMs: number,
): Promise<Verdict> {
  const url = new URL(system.pushUrl)
  const begun = performance.now()
  try {
    const content = await buildPush(stage, push)
    const now = new Date()
    const signed = {
      ...content.headers,
      'lt-consignment-id': sabotaged('fresh-push-id') && attempt > 1 ? newConsignmentId() : push.id,
      'lt-dispatch-id': push.dispatch_id,
      'lt-agency': push.agency_code,
      'lt-kind': push.kind,
      'lt-lane': push.lane,
      'lt-attempt': String(attempt),
      'lt-content-hash': digestField(push.content_hash),
      ...(push.recall_pending ? { 'lt-recall-pending': '1' } : {}),
    }
    const answer = await stage.client.send({
      method: 'POST',
      url,
      headers: { ...signed, ...stage.signer({ method: 'POST', url, headers: signed }, now) },
      body: content.body(),
      size: content.size,
      timeoutMs: Math.max(1, timeoutMs - (performance.now() - begun)),
      signal: stage.hurry,
    })
    crashPoint('delivery-posted')
    return classifyAnswer(answer, new Date())
  } catch (error) {
    stage.log.info({ err: error, consignmentId: push.id, host: url.host }, 'a push had no answer')
    return classifyFailure(error)
  }
}
