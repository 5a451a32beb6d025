import type { PacketDraft } from '../../libs/envelope/index.ts'
import { sha256, type World } from './world.ts'

/** A file that travels beside its envelope. */
export interface DetachedFile {
  readonly contentId: string
  readonly name: string
  readonly mediaType: string
  readonly bytes: Buffer
}

/** One part of a multipart body; the first is the envelope. */
export interface BodyPart {
  readonly header: string
  readonly bytes: Buffer
}

const BOUNDARY = 'ranh-gioi-7c1f'

/** The signed envelope of a detached packet: its signature carries the digests of the files. */
export function signedEnvelope(
  world: World,
  system: string,
  recipients: readonly string[],
  files: readonly DetachedFile[],
  overrides: Partial<PacketDraft> = {},
): Buffer {
  const attachments = files.map(({ contentId, name, mediaType }) => ({ contentId, name, mediaType }))
  const digests = files.map(({ contentId, bytes }) => ({ contentId, sha256: sha256(bytes) }))
  return world.sign(
    system,
    world.unsigned(system, recipients, { ...overrides, attachments }),
    'envelope-manifest',
    digests,
  )
}

export function envelopePart(envelope: Buffer): BodyPart {
  return {
    header: 'Content-Disposition: form-data; name="envelope"\r\nContent-Type: application/edxml+xml',
    bytes: envelope,
  }
}

export function filePart({ contentId, name, mediaType, bytes }: DetachedFile): BodyPart {
  const disposition = `Content-Disposition: form-data; name="${contentId}"; filename="${name}"`
  return { header: `${disposition}\r\nContent-Type: ${mediaType}\r\nContent-ID: <${contentId}>`, bytes }
}

/** The body of a request and the header that belongs to it. */
export function multipart(parts: readonly BodyPart[]): {
  readonly body: Buffer
  readonly headers: Record<string, string>
} {
  const chunks = parts.flatMap(({ header, bytes }) => [
    Buffer.from(`--${BOUNDARY}\r\n${header}\r\n\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ])
  return {
    body: Buffer.concat([...chunks, Buffer.from(`--${BOUNDARY}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
  }
}
