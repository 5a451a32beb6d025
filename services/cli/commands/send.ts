import { basename, dirname } from 'node:path'
import {
  type Content,
  type SignedPacket,
  type SubmissionAnswer,
  writeDurably,
  writeSignedPacket,
} from '../../../libs/client/index.ts'
import type { Call, Command } from '../command.ts'
import { UsageError } from '../command.ts'
import { oneOf } from '../command-line.ts'
import { makeFolder } from '../make-folder.ts'
import { clientOf, PROFILE_OPTIONS, type Profile, readProfile, signerOf } from '../profile.ts'
import { readFacts, SEND_OPTIONS } from '../send/read-facts.ts'
import { withProgress } from '../send/upload-progress.ts'

const FORMS = ['detached', 'inline'] as const

/**
 * `lienthong send FILES …`: the files become a signed document and are sent. A single `.edxml` without facts is sent as it is,
 * it was signed before. With `--write FILE` the signed packet is kept for another program to send, and nothing is sent.
 */
export const sendCommand: Command = {
  options: {
    ...PROFILE_OPTIONS,
    ...SEND_OPTIONS,
    form: { type: 'string' },
    check: { type: 'boolean' },
    write: { type: 'string' },
    receipt: { type: 'string' },
    'idempotency-key': { type: 'string' },
  },
  async run(call) {
    const { output, values, flags, signal } = call
    const profile = readProfile(call)
    const packet = await packetOf(call, profile)
    if (values.write) return keepPacket(call, packet.packet, values.write)
    const client = clientOf(profile)
    // Before anything is sent whose receipt could not be kept.
    if (values.receipt) await makeFolder(dirname(values.receipt))
    const key = values['idempotency-key']
    const submission = withProgress(packet, output)
    if (flags.check) {
      const verdict = await client.check(submission, { signal })
      output.result(verdict, [
        output.t('send.checked'),
        ...signatureLine(call, verdict.signature),
        ...verdict.warnings.map(({ code }) => output.t('send.warning', { code })),
      ])
      return
    }
    const answer = await client.submit(
      { ...submission, ...(key === undefined ? {} : { idempotencyKey: key }) },
      { signal },
    )
    if (values.receipt) await writeDurably(values.receipt, Buffer.from(answer.receipt.xml), 0o644)
    output.result(answer, describe(call, answer))
  },
}

/** `--write`: everything in one file, so inline. */
async function keepPacket({ output }: Call, packet: Content, file: string): Promise<void> {
  await makeFolder(dirname(file))
  await writeDurably(file, packet, 0o644)
  output.result({ file }, [output.t('send.written', { file })])
}

async function packetOf(call: Call, profile: Profile): Promise<SignedPacket | { readonly packet: string }> {
  const { names, output, values } = call
  const [first] = names
  const described = Object.keys(SEND_OPTIONS).some(
    (option) => values[option] !== undefined || call.lists[option] || call.flags[option],
  )
  if (!described && first?.endsWith('.edxml') && names.length === 1) return { packet: first }
  // What is taken back, or changes its receivers alone, needs no file.
  if (!first && !values.recall && !values.update) throw new UsageError(output.t('usage.missing', { what: 'FILES' }))
  const form = oneOf(call, '--form', values.form ?? (values.write ? 'inline' : 'detached'), FORMS)
  if (values.write && form !== 'inline')
    throw new UsageError(output.t('usage.choice', { what: '--form', choices: 'inline' }))
  return writeSignedPacket({
    facts: readFacts(call, profile),
    files: names.map((path) => ({ name: basename(path), content: path })),
    form,
    signer: signerOf(profile, call),
  })
}

function describe(call: Call, answer: SubmissionAnswer): string[] {
  const { output, values } = call
  return [
    output.t(answer.repeated ? 'send.repeated' : 'send.accepted', { dispatch: answer.dispatch }),
    ...answer.recipients.map(({ agency, consignment }) => output.t('send.recipient', { agency, consignment })),
    ...signatureLine(call, answer.signature),
    ...answer.warnings.map(({ code }) => output.t('send.warning', { code })),
    ...(values.receipt ? [output.t('send.receipt', { file: values.receipt })] : []),
  ]
}

function signatureLine({ output }: Call, signature: { verdict: string; reason?: string } | undefined): string[] {
  if (!signature) return []
  return [
    output.t('send.signature', {
      verdict: signature.verdict,
      reason: signature.reason ? ` (${signature.reason})` : '',
    }),
  ]
}
