/**
 * Turns single look-ups into batches: whatever is asked in one turn of the event loop, or while a batch is under way, goes
 * into the next one. Answers come in the order of the questions.
 */
export function coalesce<Q, A>(ask: (questions: readonly Q[]) => Promise<readonly A[]>, maxBatch = 200): (question: Q) => Promise<A> {
  let waiting: { question: Q; resolve: (answer: A) => void; reject: (error: unknown) => void }[] = []
  let running = false

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch)
      waiting = waiting.slice(maxBatch)
      try {
        const answers = await ask(batch.map(({ question }) => question))
        batch.forEach(({ resolve }, i) => {
          resolve(answers[i] as A)
        })
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    running = false
  }

  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject })
      if (running) return
      running = true
      setImmediate(() => void run())
    })
}
