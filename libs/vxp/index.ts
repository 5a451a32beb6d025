export { asciiText } from './ascii-text.ts'
export { openUpstream, type PacketToSend, type Upstream, type UpstreamOptions } from './open-upstream.ts'
export type { ReceivedItem, SentItem, UpstreamAgency } from './read-items.ts'
