import { open, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BusError } from '../../../libs/errors/index.ts'
import { EVIDENCE_NAMESPACE, TrustStore } from '../../../libs/signature/index.ts'
import type { Call, Command } from '../command.ts'
import { EXIT_CODES, UsageError } from '../command.ts'
import { shownTime } from '../command-line.ts'
import { readText } from '../profile.ts'
import { verifyPacketFile } from '../verify/verify-packet-file.ts'
import { verifyReceipt } from '../verify/verify-receipt.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g
const MAX_RECEIPT_BYTES = 4 * 1024 * 1024

interface Finding {
  readonly file: string
  readonly verdict: string
  readonly reason?: string
  readonly facts: object
  readonly line: string
}

/** `lienthong verify FILE… --trust PEM…`: receipts and packets, by our own code; exit code 1 when one of them is not good. */
export const verifyCommand: Command = {
  options: { trust: { type: 'string', multiple: true }, attachment: { type: 'string', multiple: true } },
  async run(call) {
    const { names, lists, output } = call
    if (names.length === 0) throw new UsageError(output.t('usage.missing', { what: 'FILE' }))
    if (!lists.trust) throw new UsageError(output.t('usage.missing', { what: '--trust' }))
    const trust = readTrust(lists.trust)
    const findings: Finding[] = []
    for (const file of names)
      findings.push(await ((await isReceipt(file)) ? receipt(call, file, trust) : packet(call, file, trust)))
    output.result(
      findings.map(({ line: _, ...rest }) => rest),
      findings.map(({ line }) => line),
    )
    return findings.every(({ verdict }) => verdict === 'valid') ? EXIT_CODES.done : EXIT_CODES.refused
  },
}

/** Every certificate in these files is trusted, for packets and for the axis. */
export function readTrust(files: readonly string[]): TrustStore {
  const certificates = files.flatMap((file) => readText(file).match(CERTIFICATE) ?? [])
  return new TrustStore({ anchors: certificates.map((certificate) => ({ certificate, purposes: ['packet', 'axis'] })) })
}

async function receipt({ output }: Call, file: string, trust: TrustStore): Promise<Finding> {
  const { verdict, reason, detail, evidence } = await verifyReceipt(await readFile(file), trust)
  const { kind, eventTime, axis, document } = evidence
  const what = output.t('verify.receipt', {
    event: kind,
    time: shownTime(eventTime),
    axis: axis.name,
    document: `${document.number}/${document.notation}`,
  })
  const why = [reason, detail].filter(Boolean).join(': ')
  const line =
    verdict === 'valid'
      ? output.t('verify.good', { file, what })
      : output.t('verify.bad', { file, verdict, reason: why })
  return { file, verdict, ...(reason === undefined ? {} : { reason }), facts: evidence, line }
}

async function packet({ output, lists }: Call, file: string, trust: TrustStore): Promise<Finding> {
  const beside = (await readdir(dirname(file))).map((name) => join(dirname(file), name))
  const { report, sender } = await verifyPacketFile(file, [...(lists.attachment ?? []), ...beside], trust)
  const { verdict, reason } = report
  const what = output.t('verify.packet', { sender, signer: report.signer?.subject ?? '' })
  const line =
    verdict === 'valid'
      ? output.t('verify.good', { file, what })
      : output.t('verify.bad', { file, verdict, reason: reason ?? '' })
  return { file, verdict, ...(reason === undefined ? {} : { reason }), facts: report, line }
}

/** By the namespace of the root element, which stands at the beginning. @throws BusError LT_CONF_FILE_UNREADABLE */
async function isReceipt(file: string): Promise<boolean> {
  try {
    const handle = await open(file)
    try {
      const { size } = await handle.stat()
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(1000), 0, 1000, 0)
      return size <= MAX_RECEIPT_BYTES && buffer.subarray(0, bytesRead).includes(`"${EVIDENCE_NAMESPACE}"`)
    } finally {
      await handle.close()
    }
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path: file }, { cause })
  }
}
