/**
 * What a receiver's client program needs to find in a packet. `traces`: one more hop, this axis. `bussiness`: the business type of a new
 * document where none is written (one reader fails without it). `prefix`: the literal prefix `edXML` on every element of the envelope
 * (some readers look elements up by that text).
 */
export const DIALECT_PARTS = ['traces', 'bussiness', 'prefix'] as const
export type DialectPart = (typeof DIALECT_PARTS)[number]

export interface Dialect {
  readonly parts: ReadonlySet<DialectPart>
  /** The hop that `traces` adds. The same for every fetch, so that the bytes are. */
  readonly hop: {
    /** Code of this axis; without it the hop says its time alone, as hops of today's axis do. */
    readonly agency?: string
    readonly at: Date
  }
}
