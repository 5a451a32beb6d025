import {
  type Acknowledgement,
  type Client,
  type ClientFault,
  type EndedItem,
  faultOf,
  signReceipt,
} from '../../../libs/client/index.ts'
import { BusError, catalogue, type ErrorCode } from '../../../libs/errors/index.ts'
import type { Call } from '../command.ts'
import { EXIT_CODES, UsageError } from '../command.ts'
import { exitCodeOf, tellFault } from '../end-with.ts'
import { clientOf, readProfile, signerOf } from '../profile.ts'
import type { TextKey } from '../texts/vi.ts'
import { readLease } from './lease-file.ts'

/**
 * Ends the named consignments, with the receiver's own signature when the profile has a key for it, and tells what became of each.
 * Answers the exit code of the first that could not be ended.
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
    ended
      .filter(({ ok }) => ok)
      .map(({ consignment, repeated }) => output.t(repeated ? 'end.repeated' : done, { consignment })),
  )
  const failed = ended.filter(({ ok }) => !ok)
  // With --json all of it stands in the result.
  for (const item of output.json ? [] : failed) tellFailure(call, item)
  const [first] = failed
  if (!first) return EXIT_CODES.done
  return exitCodeOf(faultOfItem(first) ?? { code: first.code ?? '', status: first.status ?? 400, retry: 'never' })
}

function tellFailure({ output }: Call, item: EndedItem): void {
  output.note(output.t('end.failed', { consignment: item.consignment, code: item.code ?? '' }))
  const fault = faultOfItem(item)
  if (fault) tellFault(fault, output)
}

/** Why an item was not ended: as the axis says it; in the words of our own catalogue where an older axis gives only the code. */
function faultOfItem({ code = '', status, actor, retry, texts, params, detail }: EndedItem): ClientFault | undefined {
  if (actor && retry && texts && status !== undefined) {
    return { code, status, actor, retry, texts, ...(detail === undefined ? {} : { detail }) }
  }
  return Object.hasOwn(catalogue, code) ? faultOf(new BusError(code as ErrorCode, params)) : undefined
}
