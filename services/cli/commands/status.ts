import { join } from 'node:path'
import { type Client, type DispatchAnswer, writeDurably } from '../../../libs/client/index.ts'
import type { Call, Command } from '../command.ts'
import { argument, shownTime } from '../command-line.ts'
import { makeFolder } from '../make-folder.ts'
import { table } from '../output.ts'
import { clientOf, PROFILE_OPTIONS, readProfile } from '../profile.ts'

/** `lienthong status DISPATCH [--receipts FOLDER]`: where a sent document stands with each recipient. */
export const statusCommand: Command = {
  options: { ...PROFILE_OPTIONS, receipts: { type: 'string' } },
  async run(call) {
    const { output, values } = call
    const client = clientOf(readProfile(call))
    const dispatch = await client.dispatch(argument(call, 0, 'DISPATCH'))
    if (values.receipts) await keepReceipts(client, dispatch, values.receipts)
    output.result(dispatch, describe(call, dispatch))
  },
}

async function keepReceipts(client: Client, { dispatch, receipts }: DispatchAnswer, folder: string): Promise<void> {
  await makeFolder(folder)
  for (const { entry, event } of receipts) {
    await writeDurably(join(folder, `${event}-${entry}.xml`), await client.receipt(dispatch, entry), 0o644)
  }
}

function describe({ output, values }: Call, dispatch: DispatchAnswer): string[] {
  const rows = dispatch.recipients.map(({ agency, state, handedOverAt, endedAt, refusal, statuses }) => [
    agency,
    refusal ? `${state} (${refusal.reason})` : state,
    shownTime(handedOverAt),
    shownTime(endedAt),
    statuses.map(({ code }) => code).join(' '),
  ])
  return [
    output.t('status.head', { number: dispatch.number, notation: dispatch.notation, subject: dispatch.subject }),
    output.t('status.state', {
      state: dispatch.state,
      time: shownTime(dispatch.acceptedAt),
      verdict: dispatch.signature.verdict,
    }),
    '',
    ...table([output.t('status.columns').split('|'), ...rows]),
    '',
    output.t('status.receipts', {
      count: dispatch.receipts.length,
      folder: values.receipts ? ` → ${values.receipts}` : '',
    }),
    ...dispatch.thread.map(({ number, notation, sender, dispatch: id }) =>
      output.t('status.thread', { number, notation, sender, dispatch: id }),
    ),
  ]
}
