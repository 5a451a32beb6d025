/**
 * The bytes of an answer as they come, until `signal` is aborted: then reading ends with its reason and the line is let go.
 * The signal that was given to `fetch` does not do that: once its own request was collected, it no longer reaches the body.
 * @param progress called for every chunk
 */
export async function* readBody(
  response: Response,
  signal: AbortSignal,
  progress: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader()
  if (!reader) return
  // What a broken line has to say was said by `read` already.
  const letGo = (): void => void reader.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener('abort', letGo)
  try {
    for (;;) {
      if (signal.aborted) throw signal.reason
      const { done, value } = await reader.read()
      if (signal.aborted) throw signal.reason
      if (done) return
      progress()
      yield value
    }
  } finally {
    signal.removeEventListener('abort', letGo)
    letGo()
  }
}
