import { groupBy } from '../model/index.ts'
import type { Queryable } from './pool.ts'

/**
 * Turns single look-ups into batches: whatever is asked in one turn of the event loop, or while a batch is under way, goes
 * into the next one. Answers come in the order of the questions.
 */
export function coalesce<Q, A>(
  ask: (questions: readonly Q[]) => Promise<readonly A[]>,
  maxBatch = 200,
): (question: Q) => Promise<A> {
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

/**
 * A question about one row that many ask at the same time: per database, one statement for all of them. Answers come in the
 * order of the questions; each statement starts after its questions were asked, so a caller sees what it wrote before.
 */
export function coalesced<Q, A>(
  ask: (database: Queryable, questions: readonly Q[]) => Promise<readonly A[]>,
  maxBatch?: number,
): (database: Queryable, question: Q) => Promise<A> {
  const known = new WeakMap<Queryable, (question: Q) => Promise<A>>()
  return (database, question) => {
    let read = known.get(database)
    if (!read) {
      read = coalesce((questions) => ask(database, questions), maxBatch)
      known.set(database, read)
    }
    return read(question)
  }
}

/** A look-up by id that finds at most one row. */
export function coalescedFind<R>(
  ask: (database: Queryable, ids: readonly string[]) => Promise<readonly R[]>,
  idOf: (row: R) => string,
): (database: Queryable, id: string) => Promise<R | undefined> {
  return coalesced(async (database, ids) => {
    const rows = new Map((await ask(database, [...new Set(ids)])).map((row) => [idOf(row), row]))
    return ids.map((id) => rows.get(id))
  })
}

/** Questions in one statement whose answers are lists: of a broadcast each may be thousands of rows long. */
export const LIST_BATCH = 25

/** A look-up by id that finds any number of rows; the rows of one id keep the order of the statement. */
export function coalescedList<R>(
  ask: (database: Queryable, ids: readonly string[]) => Promise<readonly R[]>,
  idOf: (row: R) => string,
): (database: Queryable, id: string) => Promise<R[]> {
  return coalesced(async (database, ids) => {
    const found = groupBy(await ask(database, [...new Set(ids)]), idOf)
    return ids.map((id) => found.get(id) ?? [])
  }, LIST_BATCH)
}
