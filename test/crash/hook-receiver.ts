import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Teardown } from '../harness/teardown.ts'
import type { Mood } from './push-receiver.ts'

/** One notice as a sender's web hook is told it. */
export interface HookNotice {
  /** Of the log's entry: the same notice is the same id, however often it comes. */
  readonly id: string
  /** `<epoch>/<index>`, the place in the log. */
  readonly position: string
  readonly event: string
  readonly dispatch: string
  readonly consignment?: string
  readonly status?: string
}

/** One post that a hook took, in the order they came. */
export interface HookPost {
  readonly attempt: string
  readonly notices: readonly HookNotice[]
  /** Notices that the axis gave up. */
  readonly missed: number
}

/** Senders' web hooks, one for each system. They live in this process, which nobody kills: what they took is never forgotten. */
export interface HookReceiver {
  urlOf(systemCode: string): string
  postsOf(systemCode: string): readonly HookPost[]
  /** Posts that were not what they said. */
  readonly faults: readonly string[]
  setMood(mood: () => Mood): void
}

export async function startHookReceiver(t: Teardown): Promise<HookReceiver> {
  const posts = new Map<string, HookPost[]>()
  const faults: string[] = []
  let mood: () => Mood = () => 'take'
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => response.destroy())
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const now = mood()
      if (now === 'hang') return
      if (now === 'broken') return void response.writeHead(503).end()
      if (now === 'busy') return void response.writeHead(429, { 'retry-after': '0' }).end()
      const system = (request.url ?? '').replace(/^\/hook\//, '')
      try {
        const post = readPost(system, request.headers, Buffer.concat(chunks))
        posts.set(system, [...(posts.get(system) ?? []), post])
      } catch (error) {
        faults.push(`hook of ${system}: ${String(error)}`)
      }
      if (now === 'take-and-hang-up') response.destroy()
      else response.writeHead(204).end()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    urlOf: (systemCode) => `http://127.0.0.1:${port}/hook/${systemCode}`,
    postsOf: (systemCode) => posts.get(systemCode) ?? [],
    faults,
    setMood: (next) => {
      mood = next
    },
  }
}

function readPost(system: string, headers: NodeJS.Dict<string | string[]>, body: Buffer): HookPost {
  if (headers['content-digest'] !== `sha-256=:${createHash('sha256').update(body).digest('base64')}:`)
    throw new Error('the body is not what its digest says')
  const said = JSON.parse(body.toString()) as { system: string; notices: HookNotice[]; missed?: { count: number } }
  if (said.system !== system) throw new Error(`it speaks to ${said.system}`)
  const notices = said.notices.map(({ id, position, event, dispatch, consignment, status }) => ({
    id,
    position,
    event,
    dispatch,
    ...(consignment === undefined ? {} : { consignment }),
    ...(status === undefined ? {} : { status }),
  }))
  return { attempt: String(headers['lt-hook-attempt']), notices, missed: said.missed?.count ?? 0 }
}
