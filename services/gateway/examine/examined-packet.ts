import { createReadStream } from 'node:fs'
import {
  canonicalText,
  type Door,
  type InlineAttachment,
  type PacketProblem,
  type SecrecyMark,
} from '../../../libs/envelope/index.ts'
import type { Envelope } from '../../../libs/model/index.ts'
import type { PacketToVerify, SignatureReport } from '../../../libs/signature/index.ts'

/** A packet that was read, wherever its tree lies. Dispose it: the tree's memory is not the collector's. */
export interface ExaminedPacket extends Disposable {
  readonly envelope: Envelope
  readonly dialect: string
  /** The tree is not what was sent: undeclared prefixes were bound. */
  readonly repaired: boolean
  readonly inlineAttachments: readonly InlineAttachment[]
  /** The first secrecy mark met in it. */
  readonly mark?: SecrecyMark
  checkSchema(door: Door): Promise<readonly PacketProblem[]>
  verify(question: SignatureQuestion): Promise<SignatureReport>
}

/** What the verifier needs beside the tree, as plain data: it may have to travel to another thread. */
export interface SignatureQuestion {
  /** The packet as received: its bytes, or the file they lie in. */
  readonly content: Uint8Array | string
  /** Texts that were cut out, by their token. */
  readonly cuts: readonly { readonly token: string; readonly start: number; readonly end: number }[]
  readonly attachments: readonly { readonly contentId: string; readonly sha256: Uint8Array; readonly size: number }[]
  readonly inlineAttachments: readonly { readonly contentId: string; readonly sha256: Uint8Array }[]
  readonly at: Date
}

/** The real texts in place of the tokens, read again from the bytes that were received. */
export function splicesOf({ content, cuts }: SignatureQuestion): NonNullable<PacketToVerify['splices']> {
  return new Map(cuts.map(({ token, start, end }) => [token, () => canonicalText(readRange(content, start, end))]))
}

async function* readRange(
  content: Uint8Array | string,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (typeof content === 'string') yield* createReadStream(content, { start, end: end - 1, highWaterMark: 256 * 1024 })
  else yield content.subarray(start, end)
}
