import { EVENTS } from '../../libs/model/index.ts'
import { sealEntry } from '../../libs/pipeline/index.ts'
import { defineEvent, type Logger, metric, sabotaged } from '../../libs/runtime/index.ts'
import {
  type BreakerPurpose,
  type BreakerRow,
  changeBreaker,
  type Pool,
  readBreaker,
  readTrippedBreakers,
} from '../../libs/store/index.ts'
import { afterSign, type Breaker, type BreakerLimits, beginProbe, CLOSED, type Sign } from './breaker.ts'

/** One endpoint of one system. */
export interface Endpoint {
  readonly systemId: string
  readonly systemCode: string
  readonly purpose: BreakerPurpose
  readonly url: string
}

/** The breakers of all endpoints: the truth in PostgreSQL, shared by all processes, held in memory for asking. */
export interface Breakers {
  isClosed(endpoint: Endpoint): boolean
  /** Resolves when it is closed, or something about it changed; or at the signal. */
  untilChanged(endpoint: Endpoint, signal: AbortSignal): Promise<void>
  /** Notes what an attempt said about its endpoint. Never rejects: without the database nothing is attempted anyway. */
  note(endpoint: Endpoint, sign: Sign, code: string | null): Promise<void>
  /** Whether this process may send the one probe now; whoever may must `note` its end within `lastsMs`. */
  tryProbe(endpoint: Endpoint, lastsMs: number): Promise<boolean>
  /** Forgets what is known of an address that a system no longer has. */
  forget(endpoint: Endpoint): Promise<void>
  /** Those that are not closed. */
  readonly tripped: readonly { readonly systemId: string; readonly purpose: BreakerPurpose; readonly url: string }[]
  /** Brings memory up to date with what other processes noted. @throws BusError LT_STORE_UNAVAILABLE */
  refresh(): Promise<void>
}

interface Known {
  readonly version: number
  readonly url: string
  readonly breaker: Breaker
}

const opened = defineEvent({
  name: 'breaker_opened',
  text: 'an endpoint fails: only probes are sent to it',
  level: 'warn',
  labels: ['purpose'],
})
const closedAgain = defineEvent({ name: 'breaker_closed', text: 'an endpoint works again', labels: ['purpose'] })
const gauge = metric.gauge({
  name: 'open_breakers',
  help: 'endpoints that are tried by probes only',
  labels: ['purpose'],
})
/** Others may be faster a few times, not for ever. */
const TRIES = 8

export interface BreakersOptions {
  readonly pool: Pool
  readonly log: Logger
  readonly limits: BreakerLimits
  /** Told after each commit that wrote an audit entry. */
  readonly onEntry: () => void
}

export async function openBreakers({ pool, log, limits, onEntry }: BreakersOptions): Promise<Breakers> {
  const known = new Map<string, Known>()
  const turns = new Map<string, Promise<void>>()
  const waiting = new Map<string, Set<() => void>>()

  const keyOf = (endpoint: Pick<Endpoint, 'systemId' | 'purpose'>): string => `${endpoint.systemId} ${endpoint.purpose}`

  function keep(key: string, row: Known): void {
    const before = known.get(key)
    known.set(key, row)
    if (before?.breaker.state === row.breaker.state && before.url === row.url) return
    for (const wake of waiting.get(key) ?? []) wake()
    for (const purpose of ['push', 'hook'] as const) {
      const open = [...known].filter(([name, each]) => name.endsWith(purpose) && each.breaker.state !== 'closed')
      gauge.set(open.length, { purpose })
    }
  }

  function breakerOf(endpoint: Endpoint): Breaker {
    const row = known.get(keyOf(endpoint))
    return row && row.url === endpoint.url ? row.breaker : CLOSED
  }

  async function refresh(): Promise<void> {
    const asked = new Map([...known].map(([key, { version }]) => [key, version]))
    const rows = new Map((await readTrippedBreakers(pool)).map((row) => [keyOf(idOf(row)), row]))
    for (const [key, row] of rows) if (row.version >= (known.get(key)?.version ?? 0)) keep(key, toKnown(row))
    for (const [key, row] of known) {
      // Closed by another process; what this one noted meanwhile is newer.
      if (!rows.has(key) && row.breaker !== CLOSED && asked.get(key) === row.version)
        keep(key, { ...row, version: -1, breaker: CLOSED })
    }
  }

  /** One change after the other per endpoint: only other processes can be faster. */
  function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (turns.get(key) ?? Promise.resolve()).then(work)
    const settled = turn.then(
      () => undefined,
      () => undefined,
    )
    turns.set(key, settled)
    void settled.then(() => turns.get(key) === settled && turns.delete(key))
    return turn
  }

  /** Compare-and-set until it holds. `false`: the decision was to change nothing. */
  async function change(
    endpoint: Endpoint,
    decide: (breaker: Breaker) => Breaker | undefined,
    code: string | null,
  ): Promise<boolean> {
    const key = keyOf(endpoint)
    for (let tries = 0; tries < TRIES; tries++) {
      const before = breakerOf(endpoint)
      const after = decide(before)
      if (after === undefined || after === before) return false
      const at = new Date()
      const seen = known.get(key)?.version ?? 0
      const row = {
        system_id: endpoint.systemId,
        purpose: endpoint.purpose,
        endpoint: endpoint.url,
        state: after.state,
        failures: after.failures,
        probes: after.probes,
        wait_ms: Math.max(0, after.until - performance.now()),
        code,
        at: at.toISOString(),
      }
      const entries = entriesOf(endpoint, before, after, code).map((draft) => ({
        owner: endpoint.systemId,
        ...sealEntry(draft, at),
      }))
      const version = seen < 0 ? undefined : await changeBreaker(pool, { ...row, version: seen }, entries)
      if (version === undefined) {
        const found = await readBreaker(pool, endpoint.systemId, endpoint.purpose)
        if (found) keep(key, toKnown(found))
        else known.delete(key)
        continue
      }
      keep(key, { version, url: endpoint.url, breaker: after })
      if (entries.length > 0) {
        onEntry()
        const tell = after.state === 'closed' ? closedAgain : opened
        tell(log, { system: endpoint.systemCode, purpose: endpoint.purpose, code: code ?? '' })
      }
      return true
    }
    return false
  }

  await refresh()
  return {
    refresh,
    isClosed: (endpoint) => sabotaged('breaker-never-opens') || breakerOf(endpoint).state === 'closed',
    get tripped() {
      return [...known].flatMap(([key, { breaker, url }]) => {
        const [systemId = '', purpose] = key.split(' ') as [string, BreakerPurpose]
        return breaker.state === 'closed' ? [] : [{ systemId, purpose, url }]
      })
    },
    untilChanged(endpoint, signal) {
      return new Promise<void>((resolve) => {
        const key = keyOf(endpoint)
        const own = waiting.get(key) ?? new Set()
        waiting.set(key, own)
        const done = (): void => {
          own.delete(done)
          signal.removeEventListener('abort', done)
          resolve()
        }
        own.add(done)
        signal.addEventListener('abort', done, { once: true })
        if (signal.aborted || breakerOf(endpoint).state === 'closed') done()
      })
    },
    async note(endpoint, sign, code) {
      const decide = (breaker: Breaker): Breaker => afterSign(breaker, sign, limits, performance.now(), Math.random())
      try {
        await inTurn(keyOf(endpoint), () => change(endpoint, decide, sign.kind === 'works' ? null : code))
      } catch (error) {
        log.warn({ err: error, system: endpoint.systemCode }, 'a failure could not be noted')
      }
    },
    tryProbe: (endpoint, lastsMs) =>
      inTurn(keyOf(endpoint), () =>
        change(endpoint, (breaker) => beginProbe(breaker, performance.now(), lastsMs), null),
      ),
    async forget(endpoint) {
      await inTurn(keyOf(endpoint), () =>
        change(endpoint, (breaker) => (breaker.state === 'closed' ? undefined : CLOSED), null),
      )
    },
  }
}

function idOf(row: BreakerRow): Pick<Endpoint, 'systemId' | 'purpose'> {
  return { systemId: row.system_id, purpose: row.purpose }
}

function toKnown({ version, endpoint, state, failures, probes, wait_ms }: BreakerRow): Known {
  const until = performance.now() + wait_ms
  const breaker = state === 'closed' && failures === 0 ? CLOSED : { state, failures, probes, until }
  return { version, url: endpoint, breaker }
}

/** Opening and closing are facts; probes in between are attempts, which have entries of their own. */
function entriesOf(endpoint: Endpoint, before: Breaker, after: Breaker, code: string | null) {
  if ((before.state === 'closed') === (after.state === 'closed')) return []
  const details = {
    system: endpoint.systemCode,
    purpose: endpoint.purpose,
    endpoint: new URL(endpoint.url).origin,
    failures: after.state === 'closed' ? before.failures : after.failures,
    probes: before.probes,
    ...(code === null ? {} : { code }),
  }
  return [{ event: after.state === 'closed' ? EVENTS.breakerClosed : EVENTS.breakerOpened, details }]
}
