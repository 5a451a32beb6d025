import { writeSignedStatus } from '../../../libs/client/index.ts'
import { readStatusCode, STATUS_CODES, STATUS_NAMES } from '../../../libs/model/index.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../command.ts'
import { required } from '../command-line.ts'
import { clientOf, PROFILE_OPTIONS, readProfile, signerOf } from '../profile.ts'

/** `lienthong report --to AGENCY --about DOCUMENT_ID --number N/NOTATION --code 03`: a business status about a received document. */
export const reportCommand: Command = {
  options: {
    ...PROFILE_OPTIONS,
    from: { type: 'string' },
    to: { type: 'string' },
    about: { type: 'string' },
    number: { type: 'string' },
    code: { type: 'string' },
    text: { type: 'string' },
  },
  async run(call) {
    const { output, values } = call
    const profile = readProfile(call)
    const from = values.from ?? profile.agency ?? required(call, 'from')
    const [to, documentId] = [required(call, 'to'), required(call, 'about')]
    const status = readStatusCode(required(call, 'code'))
    if (!status) throw new UsageError(output.t('usage.choice', { what: '--code', choices: STATUS_CODES.join(', ') }))
    const packet = writeSignedStatus({
      sender: { code: from, ...(profile.agencyName && profile.agency === from ? { name: profile.agencyName } : {}) },
      about: { agency: to, documentId, code: values.number ?? documentId.split(',').slice(2).join(',') },
      code: status.code,
      signer: signerOf(profile, call),
      ...(values.text === undefined ? {} : { description: values.text }),
    })
    const answer = await clientOf(profile).submit({ packet })
    const name = STATUS_NAMES[status.code][output.language]
    output.result(answer, [
      output.t('report.done', { code: status.code, name, about: documentId, dispatch: answer.dispatch }),
    ])
  },
}
