import { fetchToken, type World } from './world.ts'

export interface SeenEvent {
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events freely
  readonly data: any
  /** `performance.now()` when it came. */
  readonly at: number
}

/** An open `/v1/events` of one system; everything that came so far stands in `seen`. */
export interface EventReader {
  readonly seen: readonly SeenEvent[]
  /** Resolves when the axis has ended the stream. */
  readonly ended: Promise<void>
  close(): Promise<void>
}

export async function readEvents(world: World, system: string): Promise<EventReader> {
  const token = await fetchToken(world.baseUrl, world.systems[system] as NonNullable<World['systems'][string]>)
  const stop = new AbortController()
  const response = await fetch(`${world.baseUrl}/v1/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: stop.signal,
  })
  if (response.status !== 200 || !response.body)
    throw new Error(`no events: ${response.status} ${await response.text()}`)
  const seen: SeenEvent[] = []
  const reading = collect(response.body, seen)
  return {
    seen,
    ended: reading,
    async close() {
      stop.abort()
      await reading
    },
  }
}

async function collect(body: ReadableStream<Uint8Array>, seen: SeenEvent[]): Promise<void> {
  let text = ''
  const decoder = new TextDecoder()
  try {
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const name = /^event: (.*)$/m.exec(block)?.[1]
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (name && data) seen.push({ name, data: JSON.parse(data), at: performance.now() })
      }
    }
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error
  }
}
