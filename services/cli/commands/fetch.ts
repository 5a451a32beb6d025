import { join } from 'node:path'
import { type Client, type LeasedConsignment, writeDurably } from '../../../libs/client/index.ts'
import { safeFileName } from '../../../libs/envelope/index.ts'
import type { Call, Command } from '../command.ts'
import { EXIT_CODES } from '../command.ts'
import { required, shownTime, wholeNumber } from '../command-line.ts'
import { writeLease } from '../mailbox/lease-file.ts'
import { makeFolder } from '../make-folder.ts'
import { clientOf, PROFILE_OPTIONS, readProfile } from '../profile.ts'

/** `lienthong fetch --dir FOLDER`: leases waiting documents and fetches their parts; `ack` or `refuse` follow. */
export const fetchCommand: Command = {
  options: {
    ...PROFILE_OPTIONS,
    dir: { type: 'string' },
    agency: { type: 'string', multiple: true },
    max: { type: 'string' },
    seconds: { type: 'string' },
  },
  async run(call) {
    const { output, lists } = call
    const dir = required(call, 'dir')
    const client = clientOf(readProfile(call))
    // Before anything is leased that could not be stored.
    await makeFolder(dir)
    const leased = await client.lease({
      max: wholeNumber(call, 'max', 1, [1, 500]),
      seconds: wholeNumber(call, 'seconds', 300, [5, 3600]),
      ...(lists.agency ? { agencies: lists.agency } : {}),
    })
    const fetched = []
    for (const each of leased) fetched.push(await fetchAll(call, client, each, dir))
    output.result(
      fetched.map(({ lines: _, ...rest }) => rest),
      fetched.length === 0 ? [output.t('fetch.nothing')] : fetched.flatMap(({ lines }) => lines),
    )
    return fetched.length === 0 ? EXIT_CODES.notFound : EXIT_CODES.done
  },
}

async function fetchAll(
  { output, signal }: Call,
  client: Client,
  { lease, leasedUntil, item }: LeasedConsignment,
  dir: string,
): Promise<{ lease: string; item: LeasedConsignment['item']; folder: string; files: string[]; lines: string[] }> {
  const id = item.consignment
  const folder = join(dir, id)
  await makeFolder(folder)
  await writeLease(dir, { consignment: id, lease, contentHash: item.contentHash })
  const lines = [
    output.t('fetch.done', { consignment: id, sender: item.sender, folder, until: shownTime(leasedUntil) }),
  ]
  const files: string[] = []
  for (const part of await client.parts(id, lease)) {
    const name =
      part.role === 'attachment' ? safeFileName(`${part.ordinal}-${part.name ?? 'attachment'}`) : `${part.role}.edxml`
    const file = join(folder, name)
    output.progress(output.t('fetch.progress', { file }))
    await client.download({ consignment: id, lease, part, file }, { signal })
    lines.push(output.t('fetch.part', { file, size: part.size }))
    files.push(file)
  }
  await writeDurably(join(folder, 'consignment.json'), Buffer.from(JSON.stringify(item, null, 2)))
  return { lease, item, folder, files, lines }
}
