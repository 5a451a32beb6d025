export type * from './answers.ts'
export type { Content } from './content-source.ts'
export {
  type Client,
  type ClientOptions,
  createClient,
  type MailboxQuestion,
  type Submission,
} from './create-client.ts'
export type { DownloadedPart } from './download-part.ts'
export { listFolder, readJson, writeDurably } from './durable-file.ts'
export { type Beat, keepHeartbeat } from './heartbeat.ts'
export type { FinishOptions } from './inbox/finish-consignment.ts'
export { type Inbox, type InboxOptions, openInbox } from './inbox/inbox.ts'
export type { Received, StoredPart } from './inbox/received-folder.ts'
export type { Attachment } from './multipart-body.ts'
export { type Outbox, type OutboxOptions, openOutbox } from './outbox/outbox.ts'
export type { OutboxResult } from './outbox/outbox-item.ts'
export { openSigner, type PacketSigner, signReceipt } from './packet-signer.ts'
export { ClientError, type ClientFault, type FaultText, faultOf } from './transport/client-error.ts'
export type { PrivateKeyInput } from './transport/token-source.ts'
export type { AxisEvent } from './watch-events.ts'
export {
  type FileToSend,
  type PacketRequest,
  type SignedPacket,
  type StatusRequest,
  writeSignedPacket,
  writeSignedStatus,
} from './write-signed-packet.ts'
