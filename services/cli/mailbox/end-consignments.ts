import { type Acknowledgement, type Client, type EndedItem, signReceipt } from '../../../libs/client/index.ts'
import type { Call } from '../command.ts'
import { EXIT_CODES, UsageError } from '../command.ts'
import { clientOf, readProfile, signerOf } from '../profile.ts'
import type { TextKey } from '../texts/vi.ts'
import { readLease } from './lease-file.ts'

/**
 * Ends the named consignments, with the receiver's own signature when the profile has a key for it, and tells what became of each.
 * Answers exit code `refused` when one of them could not be ended.
 */
export async function endConsignments(
  call: Call,
  done: TextKey,
  end: (client: Client, items: readonly Acknowledgement[]) => Promise<readonly EndedItem[]>,
): Promise<number> {
  const { output, names } = call
  if (names.length === 0) throw new UsageError(output.t('usage.missing', { what: 'CONSIGNMENT' }))
  const profile = readProfile(call)
  const verb = done === 'ack.done' ? 'acknowledge' : 'refuse'
  const items: Acknowledgement[] = []
  for (const name of names) {
    const { consignment, lease, contentHash } = await readLease(call, name)
    const signature =
      profile.signKey && contentHash !== ''
        ? signReceipt(verb, { consignment, contentHash }, signerOf(profile, call))
        : undefined
    items.push({ consignment, lease, ...(signature ? { signature } : {}) })
  }
  const ended = await end(clientOf(profile), items)
  output.result(
    ended,
    ended.map(({ consignment, ok, repeated, code = '' }) =>
      output.t(ok ? (repeated ? 'end.repeated' : done) : 'end.failed', { consignment, code }),
    ),
  )
  return ended.every(({ ok }) => ok) ? EXIT_CODES.done : EXIT_CODES.refused
}
