/** Notices of one stream go out together, so often at most. */
const PAUSE_MS = 50
/** Above so many agencies at once one notice stands for all of them. */
const MAX_AGENCIES = 50
/** Dispatches named in one notice; the others follow in the next. */
const MAX_DISPATCHES = 500
/** Dispatches that may wait; above it notices are lost, which only delays: states and receipts can be read at any time. */
const MAX_WAITING = 20_000

export interface NoticeCollector {
  mailbox(agency: string): void
  dispatches(ids: readonly string[]): void
  stop(): void
}

/**
 * Gathers what a stream has to tell, so that a broadcast to a thousand agencies is no burst that its reader cannot take: what
 * comes in one turn of the event loop goes out right after it, what follows within 50 ms goes out together.
 */
export function collectNotices(send: (event: 'mailbox' | 'dispatch', data: object) => void): NoticeCollector {
  const agencies = new Set<string>()
  const waiting = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let last = Number.NEGATIVE_INFINITY

  function plan(): void {
    timer ??= setTimeout(flush, Math.max(0, last + PAUSE_MS - performance.now()))
  }

  function flush(): void {
    timer = undefined
    last = performance.now()
    if (agencies.size > MAX_AGENCIES) send('mailbox', { open: true })
    else for (const agency of agencies) send('mailbox', { open: true, agency })
    agencies.clear()
    const dispatches = [...waiting].slice(0, MAX_DISPATCHES)
    if (dispatches.length > 0) send('dispatch', { dispatches })
    for (const id of dispatches) waiting.delete(id)
    if (waiting.size > 0) plan()
  }

  return {
    mailbox(agency) {
      agencies.add(agency)
      plan()
    },
    dispatches(ids) {
      for (const id of ids) if (waiting.size < MAX_WAITING) waiting.add(id)
      plan()
    },
    stop: () => clearTimeout(timer),
  }
}
