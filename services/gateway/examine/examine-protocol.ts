import type { Door, PacketProblem, SecrecyPattern } from '../../../libs/envelope/index.ts'
import type { ErrorCode, ErrorParams } from '../../../libs/errors/index.ts'
import type { SignatureReport } from '../../../libs/signature/index.ts'
import type { ExaminedPacket, SignatureQuestion } from './examined-packet.ts'

/** What the thread that examines large packets is asked. `packet` numbers the tree it holds. */
export type ExamineRequest = { readonly id: number; readonly packet: number } & (
  | { readonly ask: 'open'; readonly skeleton: Uint8Array; readonly tokens: readonly string[] }
  | { readonly ask: 'schema'; readonly door: Door }
  | { readonly ask: 'verify'; readonly question: SignatureQuestion }
  | { readonly ask: 'close' }
)

/** What is known of a packet as plain data. */
export type OpenedFacts = Pick<ExaminedPacket, 'envelope' | 'dialect' | 'repaired' | 'inlineAttachments' | 'mark'>

/** What the thread needs from the start. */
export interface ThreadSettings {
  readonly keyDir: string
  readonly secrecyPatterns: readonly SecrecyPattern[]
}

export type ExamineResult = OpenedFacts | readonly PacketProblem[] | SignatureReport | undefined

export type ExamineAnswer =
  | { readonly id: number; readonly result: ExamineResult }
  | { readonly id: number; readonly refused: { readonly code: ErrorCode; readonly params: ErrorParams } }
  | { readonly id: number; readonly failed: string }
