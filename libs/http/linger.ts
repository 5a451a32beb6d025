import type { IncomingMessage } from 'node:http'

/** After an answer to a request whose body is still coming: so much more is read and thrown away, so that the answer arrives. */
const LINGER_MS = 2_000
const LINGER_BYTES = 1024 * 1024
const LOOK_MS = 20

/**
 * Drains what a refused upload still sends. Closing at once would reset the connection and the caller would never see
 * the refusal; reading for ever would let a caller send without end. What exceeds the bounds is cut.
 */
export function lingerOver(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  const { socket } = request
  const begun = performance.now()
  const before = socket.bytesRead
  // The socket is watched, not the stream: once the answer is out, node drops the rest of a body without an event.
  const watch = setInterval(() => {
    if (request.complete || socket.destroyed) clearInterval(watch)
    else if (performance.now() - begun > LINGER_MS || socket.bytesRead - before > LINGER_BYTES) socket.destroy()
  }, LOOK_MS)
  watch.unref()
  request.on('error', () => clearInterval(watch))
  request.resume()
}
