import { open } from 'node:fs/promises'
import { sabotaged } from '../runtime/index.ts'

async function syncNow(folder: string): Promise<void> {
  if (sabotaged('skip-folder-fsync')) return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

interface Rounds {
  running: Promise<void>
  next?: Promise<void>
}

/**
 * fsync of folders, shared: whoever asks while one runs joins the next one, because only an fsync that starts after a
 * rename covers it. One hundred submissions in one month folder cost a few calls, not one hundred.
 */
export class FolderSync {
  readonly #rounds = new Map<string, Rounds>()

  /** Resolves once an fsync of `folder` that began after this call has ended. */
  sync(folder: string): Promise<void> {
    const rounds = this.#rounds.get(folder)
    if (!rounds) return this.#start(folder)
    const again = (): Promise<void> => this.#start(folder)
    rounds.next ??= rounds.running.then(again, again)
    return rounds.next
  }

  #start(folder: string): Promise<void> {
    const running = syncNow(folder)
    const rounds: Rounds = { running }
    this.#rounds.set(folder, rounds)
    const ended = (): void => {
      if (this.#rounds.get(folder) === rounds && !rounds.next) this.#rounds.delete(folder)
    }
    running.then(ended, ended)
    return running
  }
}
