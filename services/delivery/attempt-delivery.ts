import { EVENTS, newConsignmentId } from '../../libs/model/index.ts'
import { crashPoint, sabotaged } from '../../libs/runtime/index.ts'
import { findWaitingPushes, type WaitingPush } from '../../libs/store/index.ts'
import { buildPush, digestField } from './build-push.ts'
import { chooseSystem, type PushSystem } from './choose-system.ts'
import { classifyAnswer, classifyFailure, type Verdict } from './classify-answer.ts'
import { endAttempt } from './end-attempt.ts'
import type { Stage } from './stage.ts'

/** Content may take its time on a slow line, but not for ever. */
const LEAST_BYTES_PER_MS = 128

/**
 * One attempt to push one consignment: its begin is committed first, and only then the network is touched. Whoever comes second
 * for the same attempt finds it begun and does nothing. Rejects only when its end could not be committed: the sweeper closes it.
 */
export async function attemptDelivery(stage: Stage, id: string): Promise<void> {
  const [push] = await findWaitingPushes(stage.pool, [id])
  const system = push && (await chooseSystem(stage, push))
  if (!push || !system) return
  const attempt = push.attempt + 1
  const timeoutMs = stage.config.pushTimeoutMs + Math.ceil(push.content_size / LEAST_BYTES_PER_MS)
  const begun = performance.now()
  const early = sabotaged('unclaimed-attempt') ? await send(stage, push, system, attempt, timeoutMs) : undefined
  const version = await claim(stage, push, system, attempt, timeoutMs)
  if (version === undefined) return
  crashPoint('delivery-claimed')
  const verdict = early ?? (await send(stage, push, system, attempt, timeoutMs))
  const open = { ...push, version, attempt, system: system.code, contentHash: push.content_hash.toString('hex') }
  await endAttempt(stage, open, verdict, performance.now() - begun)
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
