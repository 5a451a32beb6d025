import { get } from 'node:http'

/** Listens to the server-sent events of one system; calls `heard` with the name and data of each. Answers once the stream is open, with what closes it. */
export function listenEvents(
  port: number,
  token: string,
  heard: (event: string, data: string) => void,
): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const request = get(
      { port, host: '127.0.0.1', path: '/v1/events', headers: { authorization: `Bearer ${token}` } },
      (response) => {
        if (response.statusCode !== 200) return reject(new Error(`events: ${response.statusCode}`))
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
          for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
            const block = text.slice(0, end)
            text = text.slice(end + 2)
            const event = /^event: (.*)$/m.exec(block)?.[1]
            if (event !== undefined) heard(event, /^data: (.*)$/m.exec(block)?.[1] ?? '')
          }
        })
        resolve(() => void request.destroy())
      },
    )
    request.on('error', reject)
  })
}
