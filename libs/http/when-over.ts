import type { FastifyReply } from 'fastify'

/** Calls `then` once when an answer is over: written to its end, or its line closed; at once when that happened before. */
export function whenOver({ raw, request }: FastifyReply, then: () => void): void {
  const line = request.raw.socket
  const over = (): void => {
    raw.off('close', over)
    line.off('close', over)
    then()
  }
  if (raw.destroyed || line.destroyed) {
    then()
    return
  }
  raw.once('close', over)
  // An answer that waits behind another one on its line is not told of the line's end.
  line.once('close', over)
}
