import { EventQueue } from './event-queue.ts'
import { pause } from './transport/pause-before-retry.ts'
import type { Transport } from './transport/transport.ts'

/**
 * `mailbox`: something can be leased. `dispatch`: the evidence of these dispatches grew. `look`: nothing was heard for a
 * while, or the line was new; look yourself.
 */
export type AxisEvent =
  | { readonly kind: 'mailbox'; readonly agency?: string }
  | { readonly kind: 'dispatch'; readonly dispatches: readonly string[] }
  | { readonly kind: 'look' }

const FALLBACK_MS = 30_000
const RECONNECT_MS = 2_000
const MAX_EVENT_CHARS = 256 * 1024

/**
 * The notices of the axis (server-sent events), connected again whenever the line breaks. A `look` comes at the start, after
 * each reconnect and every 30 s: a notice that was lost delays and never loses.
 */
export async function* watchEvents(
  transport: Transport,
  signal: AbortSignal,
): AsyncGenerator<AxisEvent, void, undefined> {
  const queue = new EventQueue()
  queue.add({ kind: 'look' })
  let wake: () => void = () => undefined
  const push = (event: AxisEvent): void => {
    queue.add(event)
    wake()
  }
  const ended = new AbortController()
  const timer = setInterval(() => push({ kind: 'look' }), FALLBACK_MS)
  const line = keepLine(transport, push, ended.signal)
  const stop = (): void => {
    ended.abort()
    wake()
  }
  signal.addEventListener('abort', stop)
  try {
    while (!signal.aborted) {
      const event = queue.take()
      if (event) yield event
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', stop)
    ended.abort()
    await line
  }
}

async function keepLine(transport: Transport, push: (event: AxisEvent) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await listen(transport, push, signal)
    } catch (error) {
      // An axis that is away, or a line that broke: the fallback keeps looking, and the next round connects again.
      if (signal.aborted) return
      void error
    }
    await pause(RECONNECT_MS, signal).catch(() => undefined)
  }
}

async function listen(transport: Transport, push: (event: AxisEvent) => void, signal: AbortSignal): Promise<void> {
  using answer = await transport.open({
    method: 'GET',
    path: '/v1/events',
    headers: { accept: 'text/event-stream' },
    signal,
  })
  push({ kind: 'look' })
  await readEvents(answer.body, push)
}

async function readEvents(body: AsyncIterable<Uint8Array>, push: (event: AxisEvent) => void): Promise<void> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = readEvent(text.slice(0, end))
      text = text.slice(end + 2)
      if (event) push(event)
    }
    if (text.length > MAX_EVENT_CHARS) return
  }
}

/** One block of the stream; comments, other events and what cannot be read say nothing. */
function readEvent(block: string): AxisEvent | undefined {
  const lines = block.split('\n')
  const field = (name: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim()
  const data = parseObject(field('data'))
  if (!data) return undefined
  if (field('event') === 'mailbox') {
    return { kind: 'mailbox', ...(typeof data.agency === 'string' ? { agency: data.agency } : {}) }
  }
  if (field('event') !== 'dispatch' || !Array.isArray(data.dispatches)) return undefined
  return { kind: 'dispatch', dispatches: data.dispatches.filter((id): id is string => typeof id === 'string') }
}

function parseObject(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
