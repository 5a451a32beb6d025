import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Teardown } from './teardown.ts'

/** One call as it arrived. */
export interface SmsCall {
  readonly body: string
  readonly type: string | undefined
  readonly authorization: string | undefined
}

export interface SmsGateway {
  readonly url: string
  readonly calls: readonly SmsCall[]
  /** What is answered from now on; `hang`: nothing. */
  answer(status: number | 'hang', text?: string): void
}

/** A gateway for short messages on a real socket; answers 200 unless told. */
export async function startSmsGateway(t: Teardown): Promise<SmsGateway> {
  const calls: SmsCall[] = []
  let [status, text] = [200 as number | 'hang', '{"status":"ok"}']
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => response.destroy())
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { authorization, 'content-type': type } = request.headers
      calls.push({ body: Buffer.concat(chunks).toString(), type, authorization })
      if (status !== 'hang') response.writeHead(status).end(text)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/send`,
    calls,
    answer(next, said = text) {
      status = next
      text = said
    },
  }
}
