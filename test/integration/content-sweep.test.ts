import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { openBlobStore } from '../../libs/blobs/index.ts'
import { newDispatchId } from '../../libs/model/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import { openPool } from '../../libs/store/index.ts'
import { sweepContent } from '../../services/gateway/sweep-content.ts'
import { createDatabase } from '../harness/create-database.ts'

const HOUR_MS = 3_600_000
const log = createLogger('test', { level: 'silent' })

const database = await createDatabase(t)
const eyes = openPool(database.url('postgres'), { name: 'eyes', max: 1 })
t.teardown(() => eyes.end())
const dir = mkdtempSync(join(tmpdir(), 'lt-sweep-'))
t.teardown(() => rmSync(dir, { recursive: true, force: true }))
const blobs = await openBlobStore({ dir, inlineLimit: 0 })
const sweep = (maxOrphans = 1000) => sweepContent({ blobs, databaseUrl: database.url('gateway'), maxOrphans, log })
const folderOf = (id: string, at: number): string => join(dir, new Date(at).toISOString().slice(0, 7), id)

/** Content that came into the store so many hours ago. */
async function keepOld(hours: number): Promise<{ id: string; at: number }> {
  const at = Date.now() - hours * HOUR_MS
  const id = newDispatchId(at)
  const staged = blobs.stage()
  await staged.write(Buffer.from('nội dung'))
  await staged.finish()
  await staged.keep(id)
  utimesSync(folderOf(id, at), at / 1000, at / 1000)
  return { id, at }
}

t.test('content without a dispatch is put aside and kept; what has a row, or is young, stays', async (t) => {
  const [orphan, known, young] = [await keepOld(40), await keepOld(41), await keepOld(3)]
  await eyes.query(
    `insert into dispatch (id, lane, kind, state, system_id, sender_code, document_id, number, notation, subject, business_type, priority,
      form, content_hash, content_size, recipients, signature, facts, accepted_at, next_publish_at)
      values ($1, 'normal', 'document', 'CLOSED', $1, 'G12', 'x', '1', 'A', 'x', 'new', 0, 'inline', '', 1, '[]', '{}', '{}', now(), now())`,
    [known.id],
  )
  t.equal(await sweep(), 1)
  t.notOk(existsSync(folderOf(orphan.id, orphan.at)))
  t.ok(existsSync(folderOf(known.id, known.at)))
  t.ok(existsSync(folderOf(young.id, young.at)))
  const aside = join(dir, 'orphans', new Date().toISOString().slice(0, 10), orphan.id)
  t.equal(readdirSync(aside).length, 1, 'the bytes are still there')

  const late = await keepOld(39)
  t.equal(await sweep(), 0, 'what was looked at is not looked at again')
  t.ok(existsSync(folderOf(late.id, late.at)))

  const month = join(dir, 'orphans', '2020-01-01')
  utimesSync(aside, 0, 0)
  mkdirSync(join(month, orphan.id), { recursive: true })
  await sweep()
  t.notOk(existsSync(month), 'after a month it is deleted')
  t.ok(existsSync(aside))
})

t.test('more orphans than any crash leaves: nothing is touched, and nothing is forgotten', async (t) => {
  await eyes.query('delete from content_sweep')
  const made = await Promise.all([30, 31, 32].map(keepOld))
  t.equal(await sweep(2), 0)
  for (const { id, at } of made) t.ok(existsSync(folderOf(id, at)))
  t.ok((await sweep()) >= 3, 'once somebody has looked, it goes on')
})

t.test('one at a time', async (t) => {
  await eyes.query('delete from content_sweep')
  await Promise.all([33, 34].map(keepOld))
  const holder = openPool(database.url('gateway'), { name: 'holder', max: 1 })
  const client = await holder.connect()
  await client.query(`select pg_advisory_lock(hashtext('lienthong.content-sweep'))`)
  t.equal(await sweep(), 0)
  client.release()
  await holder.end()
  t.ok((await sweep()) >= 2)
})
