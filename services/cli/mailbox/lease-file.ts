import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurably } from '../../../libs/client/index.ts'
import { isUuid } from '../../../libs/model/index.ts'
import type { Call } from '../command.ts'
import { UsageError } from '../command.ts'

/** What `fetch` notes for `ack` and `refuse`. */
export interface KeptLease {
  readonly consignment: string
  readonly lease: string
  readonly contentHash: string
}

export async function writeLease(dir: string, lease: KeptLease): Promise<void> {
  await writeDurably(join(dir, lease.consignment, 'lease.json'), Buffer.from(JSON.stringify(lease)))
}

/** The lease of a consignment: from `--lease`, or as `fetch` left it in `--dir`. @throws UsageError when neither tells it */
export async function readLease({ values, output }: Call, consignment: string): Promise<KeptLease> {
  if (!isUuid(consignment)) throw new UsageError(output.t('usage.wrong', { detail: `"${consignment}"` }))
  if (values.lease) return { consignment, lease: values.lease, contentHash: values['content-hash'] ?? '' }
  try {
    return JSON.parse(await readFile(join(values.dir ?? '.', consignment, 'lease.json'), 'utf8')) as KeptLease
  } catch {
    throw new UsageError(output.t('usage.missing', { what: '--lease / --dir' }))
  }
}
