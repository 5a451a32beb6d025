import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { listFolder } from '../../libs/client/index.ts'

/** So long an id counts as ours; the other axis's list is never searched further back. */
const KEPT_DAYS = 3
const DAY_MS = 86_400_000

/** Ids under which the other axis took packets that are settled: none of them can be the one whose outcome is not known. */
export interface SentIds {
  has(docId: string): boolean
  /** Resolves once it is on disk. */
  add(docId: string): Promise<void>
}

const nameOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

/** One file a day, one id a line. */
export async function openSentIds(folder: string): Promise<SentIds> {
  const ids = new Set<string>()
  const first = nameOf(Date.now() - KEPT_DAYS * DAY_MS)
  const days = (await listFolder(folder)).filter((name) => /^\d{4}-\d{2}-\d{2}$/.test(name))
  for (const day of days) {
    if (day < first) await rm(join(folder, day), { force: true })
    else for (const id of (await readFile(join(folder, day), 'utf8')).split('\n')) ids.add(id)
  }
  let last = Promise.resolve()
  let today = ''
  async function append(docId: string): Promise<void> {
    const day = nameOf(Date.now())
    const file = await open(join(folder, day), 'a', 0o600)
    try {
      // A line that a crash cut off must not swallow this one.
      await file.writeFile(`\n${docId}`)
      await file.sync()
    } finally {
      await file.close()
    }
    if (today !== day) {
      const names = await open(folder, 'r')
      await names.sync().finally(() => names.close())
      today = day
    }
  }
  return {
    has: (docId) => ids.has(docId),
    async add(docId) {
      ids.add(docId)
      const done = last.then(() => append(docId))
      last = done.catch(() => undefined)
      await done
    },
  }
}
