import type { ErrorCode, ErrorParams } from '../../libs/errors/index.ts'
import type { Verdict } from './classify-answer.ts'
import type { DeliveryConfig } from './config.ts'

export type RetryLimits = Pick<DeliveryConfig, 'retryFirstMs' | 'retryMaxMs' | 'maxAttempts' | 'timeToLiveMs'>

/** Where the consignment goes after an attempt. */
export type Plan =
  | { readonly state: 'ACKNOWLEDGED' }
  | { readonly state: 'RETRYING'; readonly retryMs: number }
  | { readonly state: 'DEAD'; readonly code: ErrorCode; readonly params: ErrorParams }

/**
 * Exponential back-off with full jitter: anything between nothing and a bound that doubles with each attempt, so that a
 * receiver that comes back is not met by everybody at once. What a busy receiver asks for is the least; a permanent refusal,
 * too many attempts, or a next one after the time to live is the end.
 * @param push attempts made, this one included; milliseconds since it was consigned
 * @param random in [0, 1)
 */
export function planEnd(
  verdict: Verdict,
  push: { readonly attempt: number; readonly ageMs: number },
  limits: RetryLimits,
  random: () => number,
): Plan {
  if (verdict.outcome === 'delivered') return { state: 'ACKNOWLEDGED' }
  const last = verdict.fault?.code ?? 'LT_DLV_INTERRUPTED'
  if (verdict.outcome === 'permanent') return { state: 'DEAD', code: last, params: verdict.fault?.params ?? {} }
  const params = { attempts: push.attempt, last }
  if (push.attempt >= limits.maxAttempts) return { state: 'DEAD', code: 'LT_DLV_ATTEMPTS_EXHAUSTED', params }
  const bound = Math.min(limits.retryMaxMs, limits.retryFirstMs * 2 ** Math.min(push.attempt - 1, 30))
  const asked = Math.min(verdict.retryAfterMs ?? 0, limits.retryMaxMs)
  const retryMs = Math.round(asked + random() * bound)
  if (push.ageMs + retryMs >= limits.timeToLiveMs) return { state: 'DEAD', code: 'LT_DLV_TIME_OVER', params }
  return { state: 'RETRYING', retryMs }
}
