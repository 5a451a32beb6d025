import { metric } from '../runtime/index.ts'
import type { HttpServer } from './http-server.ts'

const seconds = metric.histogram({
  name: 'request_seconds',
  help: 'from the headers of a request to the end of its answer',
  labels: ['server', 'route', 'status'],
})

/** Measures every answered request under the pattern of its route, never under its address. */
export function countRequests(server: HttpServer, name: string): void {
  server.addHook('onResponse', async (request, reply) => {
    const route = `${request.method} ${request.routeOptions.url ?? '-'}`
    seconds.observe(reply.elapsedTime / 1000, {
      server: name,
      route,
      status: `${Math.trunc(reply.statusCode / 100)}xx`,
    })
  })
}
