/** Keys one limiter of this process remembers; those counted longest ago go first. */
const MAX_KEYS = 20_000
/** A limit must not make anybody wait: what Redis has not answered by then is counted here. */
const PATIENCE_MS = 100
/** So many late answers in a row are no hiccup: Redis is away. */
const MAX_LATE = 3
/** So long nobody asks a Redis that is away. */
const AWAY_MS = 2_000

const COUNT = `local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('PTTL', KEYS[1])}`
const READ = `return {tonumber(redis.call('GET', KEYS[1]) or '0'), redis.call('PTTL', KEYS[1])}`

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

  async function shared(key: string, windowMs: number, script: string): Promise<Count | undefined> {
    if (!redis || performance.now() < awayUntil) return undefined
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      // An answer may lie in the socket while this process was busy: it is read before the turn ends.
      timer = setTimeout(() => setImmediate(() => resolve('late')), PATIENCE_MS)
    })
    const asked = redis.eval(script, 1, `lt-limit:${key}`, windowMs).then(
      (answer) => answer as readonly [current: number, ttl: number],
      () => undefined,
    )
    const answer = await Promise.race([asked, late])
    clearTimeout(timer)
    lateInARow = answer === 'late' ? lateInARow + 1 : 0
    if (!answer || lateInARow >= MAX_LATE) awayUntil = performance.now() + AWAY_MS
    if (answer === 'late') return undefined
    return answer && { current: answer[0], ttl: Math.max(0, answer[1]) }
  }

  const ask = (key: string, tell: Tell, windowMs: number, hits: 0 | 1, script: string): void => {
    const own = local(key, windowMs, hits)
    void shared(key, windowMs, script).then((count) => tell(null, count ?? own))
  }
  return {
    incr: (key, tell, windowMs) => ask(key, tell, windowMs, 1, COUNT),
    read: (key, tell, windowMs) => ask(key, tell, windowMs, 0, READ),
  }
}
