import { readFile } from 'node:fs/promises'
import {
  type DraftAttachment,
  type PacketDraft,
  safeFileName,
  sniffMediaType,
  wireTimestamp,
  writePacket,
  writeStatusPacket,
} from '../envelope/index.ts'
import type { DocumentLink, Party, StatusCode } from '../model/index.ts'
import { type PacketShapeName, signPacket } from '../signature/index.ts'
import { type Content, digestContent, readContent } from './content-source.ts'
import type { Attachment } from './multipart-body.ts'
import type { PacketSigner } from './packet-signer.ts'

/** A file that goes with a document. */
export interface FileToSend {
  readonly name: string
  readonly content: Content
  readonly description?: string
}

export interface PacketRequest {
  readonly facts: Omit<PacketDraft, 'attachments'>
  readonly files: readonly FileToSend[]
  /** `detached`: the files travel beside the envelope and are never held in memory. `inline`: as Base64 inside it. */
  readonly form: 'inline' | 'detached'
  readonly signer: PacketSigner
  /** What the signature of an inline packet covers; the envelope and a manifest of the files unless told. */
  readonly shape?: PacketShapeName
}

/** A signed packet as `Client.submit` takes it. */
export interface SignedPacket {
  readonly packet: Buffer
  /** Only of a detached one. */
  readonly attachments?: readonly Attachment[]
}

/**
 * Makes a packet from facts and files and signs it here; the private key goes nowhere.
 * @throws ClientError LT_CLIENT_FILE_UNREADABLE; BusError LT_ENV_DRAFT_INVALID, LT_SIG_NOT_SIGNABLE
 */
export async function writeSignedPacket(request: PacketRequest): Promise<SignedPacket> {
  const { facts, files, form, signer, shape = 'envelope-manifest' } = request
  const attachments: (Attachment & { readonly sha256: Buffer })[] = []
  const drafts: DraftAttachment[] = []
  for (const [index, { name, content, description }] of files.entries()) {
    const { sha256, head } = await digestContent(content)
    const attachment = { contentId: `file-${index + 1}`, name: safeFileName(name), mediaType: sniffMediaType(head) }
    attachments.push({ ...attachment, content, sha256 })
    const bytes = form === 'inline' ? { bytes: await readAll(content) } : {}
    drafts.push({ ...attachment, ...(description === undefined ? {} : { description }), ...bytes })
  }
  const unsigned = writePacket({ ...facts, attachments: drafts })
  const signed = { packet: unsigned, key: signer.key, chain: signer.chain }
  const packet = signPacket(shape === 'root' ? { ...signed, shape } : { ...signed, shape, attachments })
  return form === 'inline' ? { packet } : { packet, attachments }
}

/** A statement about a document that was received. */
export interface StatusRequest {
  /** The agency that reports. */
  readonly sender: Party
  readonly about: DocumentLink
  readonly code: StatusCode
  readonly description?: string
  readonly staff?: {
    readonly department?: string
    readonly name?: string
    readonly mobile?: string
    readonly email?: string
  }
  readonly at?: Date
  readonly signer: PacketSigner
}

/** A signed status packet, addressed to `about.agency`. @throws BusError LT_ENV_DRAFT_INVALID */
export function writeSignedStatus({
  sender,
  about,
  code,
  description,
  staff,
  at = new Date(),
  signer,
}: StatusRequest): Buffer {
  const unsigned = writeStatusPacket({
    sender,
    status: {
      code,
      about,
      timestamp: wireTimestamp(at),
      ...(description === undefined ? {} : { description }),
      ...(staff === undefined ? {} : { staff }),
    },
  })
  return signPacket({
    packet: unsigned,
    key: signer.key,
    chain: signer.chain,
    shape: 'envelope-manifest',
    attachments: [],
  })
}

async function readAll(content: Content): Promise<Buffer> {
  if (content instanceof Uint8Array) return Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  if (typeof content === 'string') return readFile(content)
  const chunks: Uint8Array[] = []
  for await (const chunk of readContent(content)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
