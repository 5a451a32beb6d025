import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the endpoint does with a push; `hang`: takes it and never answers. */
export type Answer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | 'hang'

/** A receiving system's endpoint whose answers are chosen by the demonstration. */
export interface FailingEndpoint extends AsyncDisposable {
  readonly url: string
  /** Consignment ids in the order in which they arrived. */
  readonly arrived: readonly string[]
  /** From now on. @param answer told how often the same consignment came before */
  behave(answer: (earlier: number) => Answer): void
}

export async function openFailingEndpoint(): Promise<FailingEndpoint> {
  const arrived: string[] = []
  let answer: (earlier: number) => Answer = () => ({ status: 204 })
  const server = createServer((request, response) => {
    request.resume().on('error', () => response.destroy())
    request.on('end', () => {
      const id = String(request.headers['lt-consignment-id'] ?? '')
      const said = answer(arrived.filter((each) => each === id).length)
      arrived.push(id)
      if (said !== 'hang') response.writeHead(said.status, said.headers).end(said.body)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/nhan`,
    arrived,
    behave(next) {
      answer = next
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
