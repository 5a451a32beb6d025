import { createReadStream, statSync } from 'node:fs'
import type { Attachment, Content, SignedPacket } from '../../../libs/client/index.ts'
import type { Output } from '../output.ts'

const WORTH_BYTES = 5_000_000

/** The same submission, whose large files tell on the screen how far they are. */
export function withProgress<S extends SignedPacket | { readonly packet: string }>(submission: S, output: Output): S {
  const attachments = 'attachments' in submission ? (submission.attachments ?? []) : []
  const total = attachments.reduce((sum, { content }) => sum + sizeOf(content), 0)
  if (total < WORTH_BYTES) return submission
  let done = 0
  const watched = attachments.map((attachment): Attachment => {
    const { content } = attachment
    if (typeof content !== 'string') return attachment
    async function* read(): AsyncGenerator<Uint8Array> {
      for await (const chunk of createReadStream(content as string, { highWaterMark: 256 * 1024 })) {
        done += (chunk as Buffer).length
        output.progress(output.t('send.progress', { done: inMegabytes(done), total: inMegabytes(total) }))
        yield chunk as Buffer
      }
    }
    return { ...attachment, content: read }
  })
  return { ...submission, attachments: watched }
}

function sizeOf(content: Content): number {
  if (content instanceof Uint8Array) return content.length
  return typeof content === 'string' ? statSync(content).size : 0
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
