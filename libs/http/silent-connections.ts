import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Answers the function that ends connections over which no request has come yet, and refuses new ones. A server that stops
 * closes idle connections by itself, but takes a silent one for busy and no longer times it out: one would hold it up for ever.
 */
export function watchSilentConnections(server: Server, secure: boolean): () => void {
  const silent = new Set<Socket>()
  let stopping = false
  server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => {
    if (stopping) socket.destroy()
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  server.on('request', ({ socket }) => silent.delete(socket))
  return () => {
    stopping = true
    for (const socket of silent) socket.destroy()
  }
}
