import type { Operation } from './door.ts'
import { downloadPacket, getPacket } from './operations/fetch-packet.ts'
import { listAgencies } from './operations/list-agencies.ts'
import { countReceivedPackets, listReceivedPackets } from './operations/list-received.ts'
import { listSentPackets } from './operations/list-sent.ts'
import { deleteAgency, registerAgency } from './operations/register-agency.ts'
import { sendPacket } from './operations/send-packet.ts'
import { updateStatus } from './operations/update-status.ts'

/** Every operation of the protocol by its name, in lower case: the last segment of the path, under whatever prefix. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  getagencieslist: listAgencies('agencies'),
  getagencieslistqd20: listAgencies('codes'),
  getsynchronizeunit: listAgencies('synchronized'),
  registeragency: registerAgency,
  deleteagency: deleteAgency,
  sendedoc: sendPacket,
  getreceivededoclist: listReceivedPackets,
  getsentedoclist: listSentPackets,
  getedoc: getPacket,
  downloadedoc: downloadPacket,
  updatestatus: updateStatus,
  countreceiveedoc: countReceivedPackets('document'),
  countreceivestatus: countReceivedPackets('status'),
}

export interface FoundOperation {
  readonly name: string
  readonly operation: Operation
}

/** A client with a trailing slash in its endpoint sends `//name`; a query is nobody's. */
export function findOperation(url: string | undefined): FoundOperation | undefined {
  const path = (url ?? '').split('?', 1)[0] as string
  const name = path.replace(/\/+$/, '').split('/').at(-1)?.toLowerCase() ?? ''
  return Object.hasOwn(OPERATIONS, name) ? { name, operation: OPERATIONS[name] as Operation } : undefined
}
