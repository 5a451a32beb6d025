import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Teardown } from './teardown.ts'

/** One request as it arrived, whole. */
export interface Hit {
  readonly at: number
  readonly path: string
  readonly method: string
  /** As the caller meant it: what `@target-uri` of its signature must say. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly consignment: string
  /** How often this consignment arrived before. */
  readonly earlier: number
}

export interface Reply {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** What the endpoint does with a hit; `hang`: never answers. */
export type Behaviour = (hit: Hit) => Reply | 'hang' | Promise<Reply | 'hang'>

export interface PushEndpoint {
  readonly hits: readonly Hit[]
  readonly connections: number
  /** The hits of one consignment, in order. */
  of(consignment: string): Hit[]
  /** Address of one system; each path behaves by itself. */
  url(path: string): string
  behave(path: string, behaviour: Behaviour): void
}

const accept: Behaviour = () => ({ status: 204 })

/** A receiving system's endpoint on a real socket; answers 204 unless told. */
export async function startEndpoint(t: Teardown): Promise<PushEndpoint> {
  const hits: Hit[] = []
  const behaviours = new Map<string, Behaviour>()
  let connections = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => response.destroy())
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = (request.url ?? '').replace(/^\//, '')
      const consignment = String(request.headers['lt-consignment-id'] ?? '')
      const hit: Hit = {
        at: performance.now(),
        path,
        method: request.method ?? '',
        url: `http://${request.headers.host}${request.url}`,
        headers: request.headers,
        body: Buffer.concat(chunks),
        consignment,
        earlier: hits.filter((each) => each.consignment === consignment).length,
      }
      hits.push(hit)
      void Promise.resolve((behaviours.get(path) ?? accept)(hit)).then((reply) => {
        if (reply !== 'hang') response.writeHead(reply.status, reply.headers).end(reply.body)
      })
    })
  })
  server.on('connection', () => {
    connections++
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    hits,
    get connections() {
      return connections
    },
    of: (consignment) => hits.filter((hit) => hit.consignment === consignment),
    url: (path) => `http://127.0.0.1:${port}/${path}`,
    behave: (path, behaviour) => void behaviours.set(path, behaviour),
  }
}
