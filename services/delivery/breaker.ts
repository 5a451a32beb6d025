/** Bounds of one breaker, in milliseconds and failures in a row. */
export interface BreakerLimits {
  readonly failures: number
  /** Pause before the first probe; doubles with each that fails. */
  readonly firstMs: number
  readonly maxMs: number
}

/** The circuit breaker of one endpoint. Times are milliseconds of the caller's clock. */
export interface Breaker {
  readonly state: 'closed' | 'open' | 'half-open'
  /** Failures in a row, while closed. */
  readonly failures: number
  /** Probes that failed since it opened. */
  readonly probes: number
  /** Open: when a probe may go. Half open: when the probe under way counts as lost. */
  readonly until: number
}

export const CLOSED: Breaker = { state: 'closed', failures: 0, probes: 0, until: 0 }

/**
 * What one attempt says about the endpoint. `works`: it gave an answer about a document, also a refusal. `failed`: it could not, or nobody
 * knows. `busy`: it works and asks for patience. `unknown`: ended on our side. `probe`: the attempt was the probe.
 */
export interface Sign {
  readonly kind: 'works' | 'failed' | 'busy' | 'unknown'
  readonly probe: boolean
  readonly retryAfterMs?: number
}

/** The breaker after a sign; the same object where nothing changes. @param random in [0, 1), so that probes do not march in step */
export function afterSign(breaker: Breaker, sign: Sign, limits: BreakerLimits, now: number, random: number): Breaker {
  if (sign.kind === 'works') return breaker.state === 'closed' && breaker.failures === 0 ? breaker : CLOSED
  if (breaker.state === 'closed') {
    if (sign.kind !== 'failed') return breaker
    const failures = breaker.failures + 1
    if (failures < limits.failures) return { ...breaker, failures }
    return { state: 'open', failures, probes: 0, until: now + pauseMs(0, limits, random) }
  }
  // While it is open only its probe speaks: what else ends now was begun before.
  if (breaker.state === 'open' || !sign.probe) return breaker
  if (sign.kind === 'unknown') return { ...breaker, state: 'open', until: now }
  if (sign.kind === 'busy') {
    const asked = Math.min(sign.retryAfterMs ?? 0, limits.maxMs)
    return { ...breaker, state: 'open', until: now + Math.max(asked, pauseMs(breaker.probes, limits, random)) }
  }
  const probes = breaker.probes + 1
  return { ...breaker, state: 'open', probes, until: now + pauseMs(probes, limits, random) }
}

/** The breaker with a probe under way, which counts as lost after `lastsMs`; `undefined` while none may go. */
export function beginProbe(breaker: Breaker, now: number, lastsMs: number): Breaker | undefined {
  if (breaker.state === 'closed' || now < breaker.until) return undefined
  return { ...breaker, state: 'half-open', until: now + lastsMs }
}

/** Between half and the whole of a bound that doubles with each failed probe. */
function pauseMs(probes: number, { firstMs, maxMs }: BreakerLimits, random: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(probes, 30)) * (0.5 + random / 2)
}
