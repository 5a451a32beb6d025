import type { SystemId } from '../../libs/model/index.ts'
import type { Logger } from '../../libs/runtime/index.ts'
import { noteDoorUp, type Pool, updateSystemsSeen } from '../../libs/store/index.ts'

const EVERY_MS = 10_000

/** What a call tells of its caller: that it lives, or also that it fetches. */
export interface SeenRecorder {
  note(systemId: SystemId): void
  /** It asked for its mailbox, or listens to it. */
  notePoll(systemId: SystemId): void
}

/**
 * Remembers which systems called and writes it down every ten seconds: one statement, however many calls there were. Also that this
 * door is open: nobody is silent for the time in which it was not.
 */
export function openSeenRecorder(pool: Pool, log: Logger, signal: AbortSignal): SeenRecorder {
  const seen = new Set<SystemId>()
  const polled = new Set<SystemId>()
  const lost = (error: unknown): void => log.debug({ err: error }, 'last-seen could not be written')
  const open = (): void => void noteDoorUp(pool).catch(lost)
  open()
  const timer = setInterval(() => {
    open()
    if (seen.size === 0) return
    const calls = { ids: [...seen], polled: [...polled] }
    seen.clear()
    polled.clear()
    updateSystemsSeen(pool, calls, new Date()).catch(lost)
  }, EVERY_MS)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  return {
    note: (systemId) => void seen.add(systemId),
    notePoll(systemId) {
      seen.add(systemId)
      polled.add(systemId)
    },
  }
}
