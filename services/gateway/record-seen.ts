import type { SystemId } from '../../libs/model/index.ts'
import type { Logger } from '../../libs/runtime/index.ts'
import { noteDoorUp, type Pool, updateSystemsSeen } from '../../libs/store/index.ts'

const EVERY_MS = 10_000

/**
 * Remembers which systems called and writes it down every ten seconds: one statement, however many calls there were. Also that this
 * door is open: nobody is silent for the time in which it was not.
 */
export function openSeenRecorder(pool: Pool, log: Logger, signal: AbortSignal): { note(systemId: SystemId): void } {
  const seen = new Set<SystemId>()
  const lost = (error: unknown): void => log.debug({ err: error }, 'last-seen could not be written')
  const open = (): void => void noteDoorUp(pool).catch(lost)
  open()
  const timer = setInterval(() => {
    open()
    if (seen.size === 0) return
    const ids = [...seen]
    seen.clear()
    updateSystemsSeen(pool, ids, new Date()).catch(lost)
  }, EVERY_MS)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  return { note: (systemId) => void seen.add(systemId) }
}
