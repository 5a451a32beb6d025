import { join } from 'node:path'
import { openInbox, type Received } from '../../../libs/client/index.ts'
import { type Call, type Command, EXIT_CODES } from '../command.ts'
import { oneOf, wholeNumber } from '../command-line.ts'
import { endWith } from '../end-with.ts'
import { makeFolder } from '../make-folder.ts'
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
  run: async (call) => {
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

/** Answers the exit code of the first consignment that could not be received. */
async function receive(call: Call, profile: Profile, dir: string): Promise<number> {
  const { output, flags, signal } = call
  const signer = profile.signKey ? signerOf(profile, call) : undefined
  const told = ({ consignment, folder }: Received): void => {
    const number = consignment.kind === 'status' ? consignment.kind : `${consignment.number}/${consignment.notation}`
    output.line(output.t('inbox.received', { number, sender: consignment.sender, folder }))
  }
  const failures: number[] = []
  // A consignment that fails now comes again: it is told, and the others go on.
  const failed = (error: unknown, consignment: string): void => {
    if (!output.json) output.note(output.t(consignment === '' ? 'inbox.notAsked' : 'inbox.failed', { consignment }))
    failures.push(endWith(error, output, { consignment }))
  }
  await makeFolder(join(dir, 'incoming'))
  const inbox = openInbox(clientOf(profile), {
    dir,
    signerOf: () => signer,
    ownSignature: signer !== undefined,
    onReceived: told,
    partyOf: (code) => ({
      code,
      ...(profile.agencyName && code === profile.agency ? { name: profile.agencyName } : {}),
    }),
    onError: failed,
  })
  if (flags.watch) {
    output.line(output.t('inbox.watching'))
    await inbox.run(signal)
    return EXIT_CODES.done
  }
  const received = await inbox.receive(signal)
  const [failure] = failures
  output.result(received, received.length === 0 && failure === undefined ? [output.t('inbox.empty')] : [])
  return failure ?? EXIT_CODES.done
}
