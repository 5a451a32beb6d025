import { sabotaged } from '../../libs/runtime/index.ts'
import {
  claimHook,
  type DueHook,
  endHookPost,
  findDueHooks,
  forgetHookAttempts,
  type HookPost,
  type NoticeToPost,
  readHookNotices,
  type SystemRow,
} from '../../libs/store/index.ts'
import { buildHook, fitNotices } from './build-hook.ts'
import { classifyAnswer, classifyFailure, signOf, type Verdict } from './classify-answer.ts'
import type { Endpoint } from './keep-breakers.ts'
import type { Stage } from './stage.ts'

/** Notices in one post at most. */
const BATCH = 100
/** More than there are systems: those that are due and may not be called yet must not hide others. */
const DUE_AT_ONCE = 10_000
const KEPT_DAYS = 30
const FORGET_EVERY_MS = 600_000

/** Tells senders about their dispatches: one post at a time per system, in the order of the log, again until it is taken. */
export interface HookPoster {
  /** Looks once; posts go on by themselves, so that a hook that hangs holds up no other. Answers 0: what waits behind a post is told by `onMore`. */
  look(): Promise<number>
  drain(): Promise<void>
}

/** `onMore`: a post arrived and more waits for the same system; it is to be looked at once. */
export function openHookPoster(stage: Stage, onMore: () => void): HookPoster {
  const underWay = new Map<string, Promise<void>>()
  let forgotten = Number.NEGATIVE_INFINITY

  /** Answers whether a post arrived and more waits for the system. */
  async function begin(due: DueHook): Promise<boolean> {
    const system = stage.registry.system(due.system_id)
    if (!system || system.hookUrl === null || system.suspendedAt !== null) return false
    const endpoint = { systemId: system.id, systemCode: system.code, purpose: 'hook', url: system.hookUrl } as const
    const lastsMs = stage.config.pushTimeoutMs + stage.config.attemptGraceMs
    const probe = !stage.breakers.isClosed(endpoint)
    if (probe && !(await stage.breakers.tryProbe(endpoint, lastsMs))) return false
    const told = await post(stage, due, system, endpoint, lastsMs)
    await stage.breakers.note(
      endpoint,
      told ? signOf(told.verdict, probe) : { kind: 'unknown', probe },
      told?.verdict.fault?.code ?? null,
    )
    return told?.more === true && told.verdict.outcome === 'delivered'
  }

  return {
    async look() {
      if (performance.now() - forgotten > FORGET_EVERY_MS) {
        forgotten = performance.now()
        await forgetHookAttempts(stage.pool, KEPT_DAYS)
      }
      const due = (await findDueHooks(stage.pool, DUE_AT_ONCE)).filter(({ system_id }) => !underWay.has(system_id))
      for (const each of due) {
        const done = begin(each).catch((error: unknown) => {
          stage.log.warn({ err: error, system: each.system_id }, 'a hook could not be called, or its end not be noted')
          return false
        })
        underWay.set(
          each.system_id,
          done.then((more) => {
            underWay.delete(each.system_id)
            if (more) onMore()
          }),
        )
      }
      return 0
    },
    drain: async () => void (await Promise.all(underWay.values())),
  }
}

/** One post, begun and ended as rows. `undefined`: another process does it. */
async function post(
  stage: Stage,
  due: DueHook,
  system: SystemRow,
  endpoint: Endpoint,
  lastsMs: number,
): Promise<{ readonly verdict: Verdict; readonly more: boolean } | undefined> {
  const found = await readHookNotices(stage.pool, system.id, system.hookReceipts, BATCH)
  const notices = fitNotices(found)
  const begun = await claimHook(stage.pool, due, notices.length, lastsMs)
  if (!begun) return undefined
  const missed = begun.dropped > 0 && notices.length === found.length && found.length < BATCH
  const last = notices.at(-1)
  const told = last ? { epoch: last.epoch, index: last.index } : null
  const end = (verdict: Verdict, durationMs: number): Promise<void> => {
    const delivered = verdict.outcome === 'delivered'
    return endHookPost(stage.pool, {
      system_id: system.id,
      attempt: begun.attempt,
      outcome: verdict.outcome,
      http_status: verdict.status ?? null,
      duration_ms: Math.round(durationMs),
      code: verdict.fault?.code ?? null,
      answer: verdict.said ?? null,
      told: delivered ? told : null,
      told_dropped: delivered && missed ? begun.dropped : 0,
      pause_ms: delivered ? 0 : pauseMs(stage, due.failures, verdict.retryAfterMs ?? 0),
    })
  }
  const started = performance.now()
  if (sabotaged('hook-cursor-first')) await end({ outcome: 'delivered' }, 0)
  const verdict = await send(stage, system, endpoint, begun, notices, missed)
  await end(verdict, performance.now() - started)
  return { verdict, more: found.length === BATCH || notices.length < found.length }
}

async function send(
  stage: Stage,
  system: SystemRow,
  endpoint: Endpoint,
  begun: HookPost,
  notices: readonly NoticeToPost[],
  missed: boolean,
): Promise<Verdict> {
  const url = new URL(endpoint.url)
  const { body, headers } = buildHook(system.code, begun, notices, missed)
  async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    yield body
  }
  try {
    const answer = await stage.client.send({
      method: 'POST',
      url,
      headers: { ...headers, ...stage.hookSigner({ method: 'POST', url, headers }, new Date()) },
      body: bytes(),
      size: body.length,
      timeoutMs: stage.config.pushTimeoutMs,
      signal: stage.hurry,
    })
    return classifyAnswer(answer, new Date())
  } catch (error) {
    stage.log.info({ err: error, system: system.code, host: url.host }, 'a hook gave no answer')
    return classifyFailure(error)
  }
}

/** Full jitter under a bound that doubles; never longer than the pause of a breaker, and not before what was asked for. */
function pauseMs({ config }: Stage, failures: number, askedMs: number): number {
  const bound = Math.min(config.breakerMaxMs, config.retryFirstMs * 2 ** Math.min(failures, 30))
  return Math.round(Math.min(askedMs, config.retryMaxMs) + Math.random() * bound)
}
