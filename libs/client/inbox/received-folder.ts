import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { safeFileName } from '../../envelope/index.ts'
import { isUuid } from '../../model/index.ts'
import type { ConsignmentView, PartView } from '../answers.ts'
import { listFolder, makeFolder, moveFolder, readJson, writeDurably, writeSynced } from '../durable-file.ts'

/** A part as it lies on disk. */
export interface StoredPart extends PartView {
  /** Name of its file in the consignment's folder. */
  readonly file: string
}

/** A consignment that is safe on this side. */
export interface Received {
  readonly consignment: ConsignmentView
  readonly folder: string
  readonly parts: readonly StoredPart[]
}

/** How far a stored consignment has come; each step is noted before the next begins. */
export interface Progress {
  /** The newest lease; good for acknowledging until it is leased again. */
  lease?: string
  acknowledgedAt?: string
  /** The axis no longer wanted the acknowledgement: recalled, expired, or ended elsewhere. The application does not get it. */
  withdrawn?: string
  statusSentAt?: string
  statusRefused?: string
  handledAt?: string
}

const CONSIGNMENT_FILE = 'consignment.json'
const PROGRESS_FILE = 'progress.json'

/**
 * The folders of an inbox: `incoming/` while parts arrive, `received/<consignment id>/` once all of it is safe, `open/<id>` a
 * mark on what still has steps before it.
 */
export class ReceivedFolders {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  at(id: string): string {
    return join(this.#dir, 'received', id)
  }

  /** A consignment stored before; the same id is the same consignment. */
  async find(id: string): Promise<Received | undefined> {
    const folder = this.at(id)
    const record = await readJson<Omit<Received, 'folder'>>(folder, CONSIGNMENT_FILE)
    return record && { ...record, folder }
  }

  /** Stores a consignment whose parts `fetch` writes; it is there whole or not at all. */
  async store(
    consignment: ConsignmentView,
    parts: readonly PartView[],
    lease: string,
    fetch: (part: PartView, file: string) => Promise<void>,
  ): Promise<Received> {
    const incoming = join(this.#dir, 'incoming', consignment.consignment)
    await rm(incoming, { recursive: true, force: true })
    await makeFolder(incoming)
    const stored = parts.map((part): StoredPart => ({ ...part, file: fileNameOf(part) }))
    for (const part of stored) await fetch(part, join(incoming, part.file))
    await writeSynced(
      join(incoming, CONSIGNMENT_FILE),
      Buffer.from(JSON.stringify({ consignment, parts: stored }, null, 2)),
    )
    await writeSynced(join(incoming, PROGRESS_FILE), Buffer.from(JSON.stringify({ lease } satisfies Progress)))
    await makeFolder(join(this.#dir, 'received'))
    await writeDurably(join(this.#dir, 'open', consignment.consignment), new Uint8Array())
    const folder = this.at(consignment.consignment)
    await moveFolder(incoming, folder)
    return { consignment, folder, parts: stored }
  }

  async progress(id: string): Promise<Progress> {
    return (await readJson<Progress>(this.at(id), PROGRESS_FILE)) ?? {}
  }

  async note(id: string, progress: Progress): Promise<void> {
    await writeDurably(join(this.at(id), PROGRESS_FILE), Buffer.from(JSON.stringify(progress)))
  }

  /** Ids of consignments with steps before them. */
  async open(): Promise<string[]> {
    return (await listFolder(join(this.#dir, 'open'))).filter(isUuid)
  }

  async close(id: string): Promise<void> {
    await rm(join(this.#dir, 'open', id), { force: true })
  }
}

function fileNameOf(part: PartView): string {
  if (part.role !== 'attachment') return `${part.role}.edxml`
  return safeFileName(`${part.ordinal}-${part.name ?? 'attachment'}`)
}
