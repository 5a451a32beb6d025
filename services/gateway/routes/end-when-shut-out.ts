import type { Readable } from 'node:stream'
import type { AuthDirectory } from '../auth/auth-directory.ts'
import type { Caller } from '../auth/caller.ts'
import { shutOutBy } from '../auth/still-holds.ts'

const LOOK_MS = 500

/**
 * Breaks an answer off once its caller is suspended or its client certificate revoked: what is under way must not outlive the
 * decision. A token counts when the answer begins: one that ends meanwhile ends nothing, or a large part could never come over a slow
 * line.
 */
export function endWhenShutOut(
  answer: Readable,
  directory: Pick<AuthDirectory, 'system' | 'certificate'>,
  caller: Caller,
): Readable {
  const watch = setInterval(() => {
    const reason = shutOutBy(directory, caller, new Date())
    if (reason) answer.destroy(reason)
  }, LOOK_MS)
  watch.unref()
  answer.once('close', () => clearInterval(watch))
  return answer
}
