import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { ZipFile } from 'yazl'
import type { BlobStore } from '../../libs/blobs/index.ts'
import { BusError } from '../../libs/errors/index.ts'
import { inspectAttachments } from '../../services/gateway/admission/inspect-attachments.ts'
import type { Submission } from '../../services/gateway/admission/submission.ts'

/** A zip that takes a while to expand: 64 MB, of which some 1 MB is sent. */
async function slowZip(): Promise<Buffer> {
  const zip = new ZipFile()
  for (let entry = 0; entry < 64; entry++) {
    const block = randomBytes(16 * 1024)
    zip.addBuffer(Buffer.concat(Array.from({ length: 64 }, () => block)), `${entry}.bin`)
  }
  zip.end()
  return buffer(zip.outputStream as NodeJS.ReadableStream)
}

const bytes = await slowZip()

function inspect(signal?: AbortSignal): Promise<void> {
  const sha256 = createHash('sha256').update(bytes).digest()
  const attachment = { contentId: 'a', name: 'a.zip', sha256, size: bytes.length, inline: { bytes } }
  const submission = { system: { id: 's' }, warnings: [], attachments: [attachment], signal } as unknown as Submission
  return inspectAttachments(submission, { blobs: {} as BlobStore, examiner: { markIn: () => undefined } })
}

const GONE = { code: 'LT_SUB_BUSY' }

t.test('a zip whose sender has gone is expanded no further', async (t) => {
  const gone = new AbortController()
  const looking = inspect(gone.signal)
  for (let count = 0; count < 5; count++) await turn()
  gone.abort(new BusError('LT_SUB_BUSY'))
  await t.rejects(looking, GONE)
  await t.rejects(inspect(gone.signal), GONE)
})

t.test('a sender who has gone waits for no turn', async (t) => {
  const gone = new AbortController()
  const others = Promise.all([inspect(), inspect()]).then(() => 'others')
  const waiting = inspect(gone.signal).then(
    () => 'inspected',
    ({ code }: BusError) => code,
  )
  await turn()
  gone.abort(new BusError('LT_SUB_BUSY'))
  t.equal(await Promise.race([others, waiting]), 'LT_SUB_BUSY')
  t.equal(await others, 'others')
})
