/** Keys one limiter of this process remembers; those counted longest ago go first. */
const MAX_KEYS = 20_000
/** A limit must not make anybody wait: what Redis has not answered by then is counted here. */
const PATIENCE_MS = 100
/** So many late answers in a row are no hiccup: Redis is away. */
const MAX_LATE = 3
/** So long nobody asks a Redis that is away. */
const AWAY_MS = 2_000

/** Keys that are asked about in one call. */
const MAX_ASKED = 200

/** Adds ARGV[2i] hits to KEYS[i] in a window of ARGV[2i-1] ms (none: only reads); answers the count and ms to its end for each. */
const COUNT = `local answers = {}
for i, key in ipairs(KEYS) do
  local hits = tonumber(ARGV[2 * i])
  local count
  if hits > 0 then
    count = redis.call('INCRBY', key, hits)
    if count == hits then redis.call('PEXPIRE', key, ARGV[2 * i - 1]) end
  else
    count = tonumber(redis.call('GET', key) or '0')
  end
  answers[2 * i - 1] = count
  answers[2 * i] = redis.call('PTTL', key)
end
return answers`

/** What is needed of a connection to Redis; it fails and does not wait when it is not connected. */
export interface LimitRedis {
  eval(script: string, numberOfKeys: number, ...keysAndArguments: (string | number)[]): Promise<unknown>
}

interface Count {
  readonly current: number
  /** Milliseconds until the window ends. */
  readonly ttl: number
}
type Tell = (error: null, count: Count) => void

interface Asked {
  readonly windowMs: number
  hits: number
  readonly tellers: { readonly hits: 0 | 1; readonly tell: (count: Count | undefined) => void }[]
}

/** Where hits are counted, in the form the plugin takes. It never fails. */
export interface LimitStore {
  incr(key: string, tell: Tell, windowMs: number): void
  read(key: string, tell: Tell, windowMs: number): void
}

/**
 * Counts hits in fixed windows: in this process, and with `redis` over all processes. This process counts in any case, so that
 * limits go on holding, for each process by itself, while Redis is away.
 */
export function createLimitStore(redis: LimitRedis | undefined): LimitStore {
  const windows = new Map<string, { current: number; endsAt: number }>()
  let awayUntil = 0
  let lateInARow = 0

  function local(key: string, windowMs: number, hits: 0 | 1): Count {
    const now = performance.now()
    const known = windows.get(key)
    const open = known && known.endsAt > now ? known : { current: 0, endsAt: now + windowMs }
    const counted = { ...open, current: open.current + hits }
    if (hits > 0) {
      windows.delete(key)
      windows.set(key, counted)
      if (windows.size > MAX_KEYS) windows.delete(windows.keys().next().value as string)
    }
    return { current: counted.current, ttl: counted.endsAt - now }
  }

  /** Hits that wait to be counted over all processes. Those of one key within a turn of the event loop travel as one sum. */
  const waiting = new Map<string, Asked>()
  let asking = false

  async function shareAll(redis: LimitRedis): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    try {
      while (waiting.size > 0) {
        const batch = [...waiting].slice(0, MAX_ASKED)
        for (const [key] of batch) waiting.delete(key)
        const counts = performance.now() < awayUntil ? undefined : await askAbout(redis, batch)
        for (const [place, [, { hits, tellers }]] of batch.entries()) {
          const count = counts?.[place]
          let before = (count?.current ?? 0) - hits
          for (const teller of tellers) {
            before += teller.hits
            teller.tell(count && { current: before, ttl: count.ttl })
          }
        }
      }
    } finally {
      // At once and not a turn later: who was told may ask again, and must find either this loop or nobody asking.
      asking = false
    }
  }

  async function askAbout(
    redis: LimitRedis,
    batch: readonly (readonly [string, Asked])[],
  ): Promise<readonly Count[] | undefined> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      // An answer may lie in the socket while this process was busy: it is read before the turn ends.
      timer = setTimeout(() => setImmediate(() => resolve('late')), PATIENCE_MS)
    })
    const keys = batch.map(([key]) => `lt-limit:${key}`)
    const asked = redis
      .eval(COUNT, keys.length, ...keys, ...batch.flatMap(([, { windowMs, hits }]) => [windowMs, hits]))
      .then(
        (answer) => answer as readonly number[],
        () => undefined,
      )
    const answer = await Promise.race([asked, late])
    clearTimeout(timer)
    lateInARow = answer === 'late' ? lateInARow + 1 : 0
    if (!answer || lateInARow >= MAX_LATE) awayUntil = performance.now() + AWAY_MS
    if (answer === 'late' || !answer) return undefined
    return batch.map((_, place) => ({
      current: answer[2 * place] ?? 0,
      ttl: Math.max(0, answer[2 * place + 1] ?? 0),
    }))
  }

  const ask = (key: string, tell: Tell, windowMs: number, hits: 0 | 1): void => {
    const own = local(key, windowMs, hits)
    if (!redis || performance.now() < awayUntil) {
      tell(null, own)
      return
    }
    const asked = waiting.get(key) ?? { windowMs, hits: 0, tellers: [] }
    waiting.set(key, asked)
    asked.hits += hits
    asked.tellers.push({ hits, tell: (count) => tell(null, count ?? own) })
    if (asking) return
    asking = true
    void shareAll(redis)
  }
  return {
    incr: (key, tell, windowMs) => ask(key, tell, windowMs, 1),
    read: (key, tell, windowMs) => ask(key, tell, windowMs, 0),
  }
}
