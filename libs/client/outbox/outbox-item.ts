import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { SubmissionAnswer } from '../answers.ts'
import type { Submission } from '../create-client.ts'
import { listFolder, makeFolder, moveFolder, readJson, writeSynced } from '../durable-file.ts'
import type { ClientFault } from '../transport/client-error.ts'

/** Folders of an outbox; an item is a folder that moves from one to the next. */
export const OUTBOX_FOLDERS = {
  writing: 'writing',
  waiting: 'waiting',
  sent: 'sent',
  refused: 'refused',
  failed: 'failed',
} as const

const ITEM_FILE = 'item.json'
const PACKET_FILE = 'packet.edxml'

interface ItemRecord {
  readonly idempotencyKey: string
  readonly createdAt: string
  readonly attachments?: readonly {
    readonly contentId: string
    readonly name: string
    readonly mediaType?: string
    readonly file: string
  }[]
}

/**
 * What became of an item that left the queue. `refused`: it will never be taken as it is. `failed`: the axis, or a proxy
 * before it, fails on this very item; moved back to `waiting/` it is tried again.
 */
export type OutboxResult =
  | { readonly outcome: 'sent'; readonly item: string; readonly folder: string; readonly answer: SubmissionAnswer }
  | {
      readonly outcome: 'refused' | 'failed'
      readonly item: string
      readonly folder: string
      readonly fault: ClientFault
    }

let counter = 0

/** Names sort in the order of sending: urgent first, then by time, then by order within this process. */
function newName(urgent: boolean, now: number): string {
  const time = String(now).padStart(15, '0')
  return `${urgent ? '0' : '1'}-${time}-${String(++counter % 1e6).padStart(6, '0')}-${randomUUID().slice(0, 8)}`
}

/** Puts a submission on disk, files copied; once it resolves, it survives everything. Answers the item's name. */
export async function writeItem(
  dir: string,
  { packet, attachments, idempotencyKey }: Submission,
  urgent: boolean,
): Promise<string> {
  const now = Date.now()
  const name = newName(urgent, now)
  const folder = join(dir, OUTBOX_FOLDERS.writing, name)
  await makeFolder(folder)
  await writeSynced(join(folder, PACKET_FILE), packet)
  const files: NonNullable<ItemRecord['attachments']>[number][] = []
  for (const [index, { content, contentId, name: fileName, mediaType }] of (attachments ?? []).entries()) {
    const file = `attachment-${index + 1}`
    await writeSynced(join(folder, file), content)
    files.push({ contentId, name: fileName, file, ...(mediaType === undefined ? {} : { mediaType }) })
  }
  const record: ItemRecord = {
    idempotencyKey: idempotencyKey ?? randomUUID(),
    createdAt: new Date(now).toISOString(),
    ...(attachments ? { attachments: files } : {}),
  }
  await writeSynced(join(folder, ITEM_FILE), Buffer.from(JSON.stringify(record)))
  await makeFolder(join(dir, OUTBOX_FOLDERS.waiting))
  await moveFolder(folder, join(dir, OUTBOX_FOLDERS.waiting, name))
  return name
}

/** The first item to be sent of those that are not to be passed over. */
export async function firstItem(
  dir: string,
  passOver: (name: string) => boolean = () => false,
): Promise<{ name: string; submission: Submission } | undefined> {
  for (const name of await listFolder(join(dir, OUTBOX_FOLDERS.waiting))) {
    if (passOver(name)) continue
    const folder = join(dir, OUTBOX_FOLDERS.waiting, name)
    const record = await readJson<ItemRecord>(folder, ITEM_FILE)
    // Another process of this system took it meanwhile.
    if (!record) continue
    const { attachments, idempotencyKey } = record
    const submission = {
      packet: join(folder, PACKET_FILE),
      idempotencyKey,
      ...(attachments
        ? { attachments: attachments.map(({ file, ...rest }) => ({ ...rest, content: join(folder, file) })) }
        : {}),
    }
    return { name, submission }
  }
  return undefined
}

/** Moves an item out of the queue, with the receipt or what the axis said beside it. */
export async function endItem(
  dir: string,
  name: string,
  end: { readonly answer: SubmissionAnswer } | { readonly outcome: 'refused' | 'failed'; readonly fault: ClientFault },
): Promise<OutboxResult> {
  const from = join(dir, OUTBOX_FOLDERS.waiting, name)
  const outcome = 'answer' in end ? 'sent' : end.outcome
  const target = join(dir, OUTBOX_FOLDERS[outcome])
  const folder = join(target, name)
  if ('answer' in end) {
    const { receipt, ...rest } = end.answer
    await writeSynced(join(from, 'receipt.xml'), Buffer.from(receipt.xml))
    await writeSynced(
      join(from, 'answer.json'),
      Buffer.from(JSON.stringify({ ...rest, receipt: { id: receipt.id } }, null, 2)),
    )
  } else await writeSynced(join(from, 'refusal.json'), Buffer.from(JSON.stringify(end.fault, null, 2)))
  await makeFolder(target)
  await moveFolder(from, folder)
  return 'answer' in end
    ? { outcome: 'sent', item: name, folder, answer: end.answer }
    : { outcome: end.outcome, item: name, folder, fault: end.fault }
}
