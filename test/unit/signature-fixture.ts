import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PacketToVerify } from '../../libs/signature/index.ts'
import {
  createRoot,
  type Issued,
  issueCa,
  issueCertificate,
  type PacketShapeName,
  type SignatureReport,
  signPacket,
  TrustStore,
  verifyPacket,
} from '../../libs/signature/index.ts'
import { parseXml } from '../../libs/xml/index.ts'

export const QCVN = 'http://www.mic.gov.vn/TBT/QCVN_102_2016'

/** A small unsigned packet in the form of the public library: default namespace on the root, prefix on the envelope. */
export function packetWith(content = 'Về việc thử nghiệm', tail = ''): Buffer {
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="${QCVN}">
  <edXML:edXMLEnvelope xmlns:edXML="${QCVN}">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From><edXML:OrganId>H26.01</edXML:OrganId></edXML:From>
        <edXML:Subject>${content}</edXML:Subject>
      </edXML:MessageHeader>
    </edXML:edXMLHeader>
    <edXML:edXMLBody><!-- trống --></edXML:edXMLBody>
  </edXML:edXMLEnvelope>${tail}
</edXML>
`)
}

export const attachment = Buffer.from('%PDF-1.4 nội dung')
export const seen = {
  contentId: 'tep-1@h26',
  sha256: createHash('sha256').update(attachment).digest(),
  size: attachment.length,
}

export interface Pki {
  readonly root: Issued
  readonly ca: Issued
  readonly agency: Issued
  readonly trust: TrustStore
}

export async function makePki(algorithm: 'ec' | 'rsa' = 'ec'): Promise<Pki> {
  const root = await createRoot({ commonName: 'Gốc thử nghiệm' })
  const ca = await issueCa(root, { commonName: 'CA cấp chứng thư, "số 1"' })
  const agency = await issueCertificate(ca, {
    kind: 'agency',
    commonName: 'UBND tỉnh',
    agencyCode: 'H26.01',
    algorithm,
  })
  const trust = new TrustStore({ anchors: [{ certificate: root.certificatePem, purposes: ['packet'] }] })
  return { root, ca, agency, trust }
}

export function signed({ agency, ca }: Pki, shape: PacketShapeName, packet = packetWith()): Buffer {
  const chain = [agency.certificatePem, ca.certificatePem]
  return signPacket({ packet, key: agency.key, chain, shape, attachments: shape === 'root' ? [] : [seen] })
}

/** Parses and judges; for `envelope-manifest` packets the one attachment came detached unless told otherwise. */
export async function judge(
  packet: Buffer,
  trust: TrustStore,
  more: Partial<PacketToVerify> = {},
): Promise<SignatureReport> {
  using tree = parseXml(packet)
  return await verifyPacket({ tree, trust, at: new Date(), ...more })
}

const scratch = mkdtempSync(join(tmpdir(), 'lienthong-signature-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

/** What plain xmlsec1 says, given the trusted root and nothing else. */
export function xmlsec(packet: Buffer, root: string, ...more: string[]): Promise<boolean> {
  const [file, anchor] = [join(scratch, 'packet.xml'), join(scratch, 'root.pem')]
  writeFileSync(file, packet)
  writeFileSync(anchor, root)
  return new Promise((resolve) => {
    execFile('xmlsec1', ['--verify', '--trusted-pem', anchor, ...more, file], (error) => resolve(error === null))
  })
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(Buffer.from(chunk))
  return Buffer.concat(all)
}
