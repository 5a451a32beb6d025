import { openInbox, type Received } from '../../../libs/client/index.ts'
import type { Call, Command } from '../command.ts'
import { oneOf, wholeNumber } from '../command-line.ts'
import { table } from '../output.ts'
import { clientOf, PROFILE_OPTIONS, type Profile, readProfile, signerOf } from '../profile.ts'

/** `lienthong inbox`: what waits; with `--receive FOLDER` it is received, with `--watch` as it comes. */
export const inboxCommand: Command = {
  options: {
    ...PROFILE_OPTIONS,
    agency: { type: 'string' },
    kind: { type: 'string' },
    limit: { type: 'string' },
    receive: { type: 'string' },
    watch: { type: 'boolean' },
  },
  async run(call) {
    const profile = readProfile(call)
    return call.values.receive === undefined ? list(call, profile) : receive(call, profile, call.values.receive)
  },
}

async function list(call: Call, profile: Profile): Promise<void> {
  const { output, values } = call
  const { kind } = values
  const page = await clientOf(profile).mailbox({
    limit: wholeNumber(call, 'limit', 100, [1, 1000]),
    ...(values.agency === undefined ? {} : { agency: values.agency }),
    ...(kind === undefined ? {} : { kind: oneOf(call, '--kind', kind, ['document', 'status']) }),
  })
  const rows = page.items.map((item) => [
    item.consignment,
    item.sender,
    item.agency,
    item.lane === 'urgent' ? `${item.kind}!` : item.kind,
    item.kind === 'status' ? '' : `${item.number}/${item.notation}`,
    item.subject.slice(0, 60),
    String(item.contentSize),
  ])
  const lines = rows.length === 0 ? [output.t('inbox.empty')] : table([output.t('inbox.columns').split('|'), ...rows])
  output.result(page, lines)
}

async function receive(call: Call, profile: Profile, dir: string): Promise<void> {
  const { output, flags, signal } = call
  const signer = profile.signKey ? signerOf(profile, call) : undefined
  const told = ({ consignment, folder }: Received): void => {
    const number = consignment.kind === 'status' ? consignment.kind : `${consignment.number}/${consignment.notation}`
    output.line(output.t('inbox.received', { number, sender: consignment.sender, folder }))
  }
  const inbox = openInbox(clientOf(profile), {
    dir,
    signerOf: () => signer,
    ownSignature: signer !== undefined,
    onReceived: told,
    partyOf: (code) => ({
      code,
      ...(profile.agencyName && code === profile.agency ? { name: profile.agencyName } : {}),
    }),
    onError: (error, consignment) => output.note(output.t('inbox.failed', { consignment, reason: String(error) })),
  })
  if (flags.watch) {
    output.line(output.t('inbox.watching'))
    await inbox.run(signal)
    return
  }
  const received = await inbox.receive(signal)
  output.result(received, received.length === 0 ? [output.t('inbox.empty')] : [])
}
