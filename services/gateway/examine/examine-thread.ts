import { parentPort, workerData } from 'node:worker_threads'
import { isBusError } from '../../../libs/errors/index.ts'
import { loadTrust } from '../load-keys.ts'
import { examinePacket } from './examine-packet.ts'
import type { ExamineAnswer, ExamineRequest, ExamineResult, ThreadSettings } from './examine-protocol.ts'
import type { ExaminedPacket } from './examined-packet.ts'

// The thread that large packets are read on. It holds their trees until it is told to close them.
const { keyDir, secrecyPatterns } = workerData as ThreadSettings
const trust = await loadTrust(keyDir)
const packets = new Map<number, ExaminedPacket>()

async function answer(request: ExamineRequest): Promise<ExamineResult> {
  if (request.ask === 'open') {
    const packet = examinePacket(request.skeleton, request.tokens, { trust: () => trust, secrecyPatterns })
    packets.set(request.packet, packet)
    const { envelope, dialect, repaired, inlineAttachments, mark } = packet
    return { envelope, dialect, repaired, inlineAttachments, ...(mark ? { mark } : {}) }
  }
  const packet = packets.get(request.packet)
  if (!packet) throw new TypeError('no such packet')
  switch (request.ask) {
    case 'schema':
      return packet.checkSchema(request.door)
    case 'verify':
      return packet.verify(request.question)
    case 'close':
      packets.delete(request.packet)
      packet[Symbol.dispose]()
      return undefined
  }
}

async function handle(request: ExamineRequest): Promise<ExamineAnswer> {
  const { id } = request
  try {
    return { id, result: await answer(request) }
  } catch (error) {
    return isBusError(error)
      ? { id, refused: { code: error.code, params: error.params } }
      : { id, failed: String(error) }
  }
}

parentPort?.on('message', (request: ExamineRequest) => {
  void handle(request).then((message) => parentPort?.postMessage(message))
})
