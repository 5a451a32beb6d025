import type { Readable } from 'node:stream'
import { BusError } from '../../../libs/errors/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'

const LOOK_MS = 500

/** Breaks an answer off once its caller is suspended: what is under way must not outlive the decision. */
export function endWhenSuspended(
  answer: Readable,
  registry: Pick<Registry, 'isSuspended'>,
  systemCode: string,
): Readable {
  const watch = setInterval(() => {
    if (registry.isSuspended(systemCode)) answer.destroy(new BusError('LT_AUTH_SUSPENDED', { system: systemCode }))
  }, LOOK_MS)
  watch.unref()
  answer.once('close', () => clearInterval(watch))
  return answer
}
