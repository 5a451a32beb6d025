import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { readBody } from '../../libs/client/transport/read-body.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

let closed = 0
const server = createServer((request, response) => {
  request.on('close', () => closed++)
  response.write('một')
  if (request.url === '/short') response.end('hai')
})
await once(server.listen(0, '127.0.0.1'), 'listening')
t.teardown(() => server.close())
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

t.test('reading ends with the signal, also when the request itself was collected', async (t) => {
  for (let round = 0; round < 3; round++) {
    const ended = new AbortController()
    const chunks: string[] = []
    const reading = (async () => {
      const response = await fetch(`${url}/endless`, { signal: ended.signal })
      for await (const chunk of readBody(response, ended.signal, () => undefined))
        chunks.push(Buffer.from(chunk).toString())
    })()
    const outcome = reading.then(
      () => 'ended',
      (error: unknown) => String(error),
    )
    while (chunks.length === 0) await sleep(5)
    for (let i = 0; i < 5; i++) {
      collect()
      await sleep(5)
    }
    ended.abort(new Error('đủ rồi'))
    t.equal(await Promise.race([outcome, sleep(2000, 'still reading')]), 'Error: đủ rồi')
    t.same(chunks, ['một'])
  }
  await sleep(50)
  t.equal(closed, 3, 'and the line is let go')
})

t.test('a whole body, and one whose reader has enough', async (t) => {
  const forever = new AbortController().signal
  let seen = 0
  const read = async (path: string, most: number): Promise<string> => {
    let text = ''
    for await (const chunk of readBody(await fetch(url + path), forever, () => seen++)) {
      text += Buffer.from(chunk).toString()
      if (text.length >= most) break
    }
    return text
  }
  t.equal(await read('/short', 100), 'mộthai')
  t.ok(seen >= 1)
  const before = closed
  t.equal(await read('/endless', 1), 'một')
  await sleep(50)
  t.equal(closed, before + 1)
})
