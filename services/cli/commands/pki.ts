import { readCertificate } from '../../../libs/signature/index.ts'
import type { Call, Command } from '../command.ts'
import { argument, oneOf, shownTime, wholeNumber } from '../command-line.ts'
import { issueAgency, makeAuthority, makeAxis } from '../pki/make-axis.ts'
import { readText } from '../profile.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

const WHAT = ['root', 'axis', 'agency', 'show'] as const

/** `lienthong pki root FOLDER`, `pki axis FOLDER`, `pki agency FOLDER CODE NAME`, `pki show FILE`: keys and certificates for trials, never for real use. */
export const pkiCommand: Command = {
  options: { days: { type: 'string' }, organisation: { type: 'string' } },
  async run(call) {
    const what = oneOf(call, 'pki', argument(call, 0, WHAT.join(' | ')), WHAT)
    if (what === 'show') return show(call)
    const { output, values } = call
    const dir = argument(call, 1, 'FOLDER')
    const days = wholeNumber(call, 'days', what === 'agency' ? 730 : 1095, [1, 3650])
    const options = {
      ...(what === 'agency' ? {} : { days }),
      ...(values.organisation ? { organisation: values.organisation } : {}),
    }
    if (what !== 'agency') {
      await (what === 'root' ? makeAuthority(dir, options) : makeAxis(dir, options))
      output.result({ dir }, [output.t('pki.axis', { dir })])
      return
    }
    const authority = await makeAuthority(dir, options)
    const signer = await issueAgency(authority, {
      agencyCode: argument(call, 2, 'CODE'),
      name: argument(call, 3, 'NAME'),
      days,
    })
    const { keyFile, certificateFile, agencyCode } = signer
    output.result({ agencyCode, keyFile, certificateFile }, [
      output.t('pki.agency', { key: keyFile, certificate: certificateFile }),
    ])
  },
}

function show(call: Call): void {
  const { output } = call
  const certificates = (readText(argument(call, 1, 'FILE')).match(CERTIFICATE) ?? []).map((pem) => {
    const { subject, issuer, fingerprint, agencyCode, notBefore, notAfter, isCa } = readCertificate(pem)
    return { subject, issuer, fingerprint, agencyCode: agencyCode ?? '', notBefore, notAfter, isCa }
  })
  output.result(
    certificates,
    certificates.map(({ subject, issuer, fingerprint, agencyCode, notBefore, notAfter }) =>
      output.t('pki.certificate', {
        subject,
        issuer,
        fingerprint,
        agency: agencyCode,
        from: shownTime(notBefore),
        to: shownTime(notAfter),
      }),
    ),
  )
}
