import { join } from 'node:path'
import type { Client, Submission } from '../create-client.ts'
import { listFolder } from '../durable-file.ts'
import { ClientError } from '../transport/client-error.ts'
import { growingPause, pause, pauseBeforeRetry } from '../transport/pause-before-retry.ts'
import { DoubtfulItems } from './doubtful-items.ts'
import { endItem, firstItem, OUTBOX_FOLDERS, type OutboxResult, writeItem } from './outbox-item.ts'

/** Longest pause between two tries while the axis is away. */
const LONGEST_PAUSE_MS = 30_000

export interface OutboxOptions {
  /** Folder of the queue; one process at a time. */
  readonly dir: string
  readonly onResult?: (result: OutboxResult) => void
  /** A try that failed and will be repeated. */
  readonly onDelay?: (error: ClientError, pauseMs: number) => void
}

/** A queue on disk between an application and the axis: what was put in is sent, however long the axis or the line is away. */
export interface Outbox {
  /** Resolves once the submission is safe on disk; answers the name of its item. */
  add(submission: Submission, options?: { readonly urgent?: boolean }): Promise<string>
  /** Number of items that wait. */
  count(): Promise<number>
  /** Sends everything that waits, urgent first, then in order, and answers what became of each. @throws the signal's reason */
  flush(signal?: AbortSignal): Promise<OutboxResult[]>
  /** Sends whatever comes until the signal ends it. */
  run(signal: AbortSignal): Promise<void>
}

/**
 * Opens a queue. A refusal that will not change moves its item to `refused/` and the next one follows; anything temporary stops
 * the queue, so that order is kept. Where the axis, or a proxy before it, fails on one item again and again and takes another, the one is
 * moved to `failed/`. Items that were sent lie in `sent/` with their receipt.
 */
export function openOutbox(client: Pick<Client, 'submit'>, options: OutboxOptions): Outbox {
  const { dir, onResult, onDelay } = options
  let wake: () => void = () => undefined

  const doubtful = new DoubtfulItems()

  async function nextItem(): ReturnType<typeof firstItem> {
    const next = await firstItem(dir, (name) => doubtful.steppedBack(name))
    if (next) return next
    doubtful.beginAnew()
    return firstItem(dir)
  }

  /** What became of the item for good, or the error after which it is tried again. @throws what is no matter of the axis */
  async function send(
    { name, submission }: NonNullable<Awaited<ReturnType<typeof firstItem>>>,
    signal: AbortSignal | undefined,
  ): Promise<OutboxResult | ClientError> {
    try {
      const answer = await client.submit(submission, signal ? { signal } : {})
      doubtful.answered(name)
      return await endItem(dir, name, { answer })
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      const { fault } = error
      if (!isForLater(error)) {
        doubtful.answered(name)
        return await endItem(dir, name, { outcome: 'refused', fault })
      }
      if (isFailure(error) && doubtful.failed(name)) return await endItem(dir, name, { outcome: 'failed', fault })
      return error
    }
  }

  async function flush(signal?: AbortSignal): Promise<OutboxResult[]> {
    const results: OutboxResult[] = []
    let tries = 0
    // Looked for anew after every pause: something urgent may have come in front.
    for (let next = await nextItem(); next; next = await nextItem()) {
      const result = await send(next, signal)
      if (result instanceof ClientError) {
        const wanted = isFailure(result) ? growingPause(tries) : pauseBeforeRetry(result, tries)
        const ms = Math.min(LONGEST_PAUSE_MS, wanted ?? LONGEST_PAUSE_MS)
        tries += 1
        onDelay?.(result, ms)
        await pause(ms, signal)
        continue
      }
      tries = 0
      results.push(result)
      onResult?.(result)
    }
    return results
  }

  return {
    async add(submission, { urgent = false } = {}) {
      const name = await writeItem(dir, submission, urgent)
      wake()
      return name
    },
    count: async () => (await listFolder(join(dir, OUTBOX_FOLDERS.waiting))).length,
    flush,
    async run(signal) {
      const stop = (): void => wake()
      signal.addEventListener('abort', stop)
      try {
        while (!signal.aborted) {
          const more = new Promise<void>((resolve) => (wake = resolve))
          await flush(signal).catch((error: unknown) => {
            if (!signal.aborted) throw error
          })
          if (!signal.aborted) await more
        }
      } finally {
        signal.removeEventListener('abort', stop)
      }
    },
  }
}

/** Of answers that say nothing else: what the line, the hour or the credentials are to blame for passes. */
const PASSING_REFUSALS = new Set([401, 407, 408, 429])

/** What is wrong with the system, this machine or the way and not with the document is put right by people: documents wait meanwhile. */
function isForLater({ isTemporary, code, fault }: ClientError): boolean {
  if (code === 'LT_AUTH_FOREIGN_AGENCY') return false
  return isTemporary || fault.status >= 500 || code.startsWith('LT_AUTH_') || code === 'LT_CLIENT_ANSWER_UNREADABLE'
}

/**
 * The axis, or somebody before it, broke down over the request; 503 is a no to everybody. A page that nobody can read is no refusal of
 * the axis: it may stand before every document or be about this one.
 */
function isFailure({ code, fault }: ClientError): boolean {
  if (fault.status >= 500) return fault.status !== 503
  return code === 'LT_CLIENT_ANSWER_UNREADABLE' && !PASSING_REFUSALS.has(fault.status)
}
