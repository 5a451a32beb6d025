import type { FastifyReply } from 'fastify'
import { BusError } from '../errors/index.ts'
import { whenOver } from './when-over.ts'

/**
 * Aborted when the caller's line closes before its answer was written, at once when it closed before this was asked: nobody waits for
 * what is still being worked out. The reason is LT_SUB_BUSY, which says nothing about the submission: sent again, it is looked at anew.
 */
export function callerGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  whenOver(reply, () => {
    if (!reply.raw.writableFinished) gone.abort(new BusError('LT_SUB_BUSY'))
  })
  return gone.signal
}
