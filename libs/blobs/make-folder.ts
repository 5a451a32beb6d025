import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { dispatchFolder } from './blob-path.ts'
import { errnoOf } from './disk-error.ts'
import type { FolderSync } from './sync-folder.ts'

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o750 })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}

/** Makes the folder of a dispatch so that it is there after a loss of power: every parent that might be new is synced. */
export class FolderMaker {
  readonly #dir: string
  readonly #sync: FolderSync
  readonly #months = new Map<string, Promise<void>>()
  readonly #running = new Map<string, Promise<string>>()

  constructor(dir: string, sync: FolderSync) {
    this.#dir = dir
    this.#sync = sync
  }

  /** Absolute path of the folder. Concurrent calls for one dispatch share the work. */
  make(dispatchId: string): Promise<string> {
    const running = this.#running.get(dispatchId)
    if (running) return running
    const made = this.#make(dispatchId).finally(() => this.#running.delete(dispatchId))
    this.#running.set(dispatchId, made)
    return made
  }

  async #make(dispatchId: string): Promise<string> {
    const { month, folder } = dispatchFolder(dispatchId)
    await this.#month(month)
    const path = join(this.#dir, folder)
    try {
      // Synced even when it was there: another process may have made it a moment ago and not have synced it yet.
      await makeOne(path)
      await this.#sync.sync(join(this.#dir, month))
    } catch (error) {
      this.#months.delete(month)
      throw error
    }
    return path
  }

  #month(month: string): Promise<void> {
    let made = this.#months.get(month)
    if (!made) {
      made = makeOne(join(this.#dir, month)).then(() => this.#sync.sync(this.#dir))
      this.#months.set(month, made)
      made.catch(() => this.#months.delete(month))
    }
    return made
  }
}
