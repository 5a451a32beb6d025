// What one full move costs the database: row, entry, details, pending (one statement), then its leaf. No HTTP, no NATS.
// node --import=tsx test/bench/move-cost.ts [rows per size, default 4000]
import { randomUUID } from 'node:crypto'
import { EVENTS, newConsignmentId, newDispatchId } from '../../libs/model/index.ts'
import { sealEntry } from '../../libs/pipeline/index.ts'
import {
  type ConsignmentMove,
  moveConsignments,
  openConnection,
  openPool,
  sequenceEntries,
} from '../../libs/store/index.ts'
import { type PrivateCluster, startPrivateCluster } from '../harness/private-cluster.ts'
import { cpuMs, loadAverage } from './process-cost.ts'

const SIZES = [1, 10, 100, 500] as const
const STAYS = {
  lease_token: null,
  lease_seconds: null,
  lease_system: null,
  refusal_reason: null,
  refusal_text: null,
  handed_over: false,
  ended: false,
}
const rowsPerSize = Number(process.argv[2] ?? 4000)

const works: (() => unknown)[] = []
try {
  const cluster = await startPrivateCluster({ teardown: (work) => void works.push(work) })
  console.log(`one connection, load average ${loadAverage()}`)
  console.log('rows in a commit   rows/s   ms a row   database CPU us a row   our CPU us a row   leaf us a row')
  await measure(cluster, 100, Math.min(rowsPerSize, 3000)) // warm
  for (const size of SIZES) {
    const cost = await measure(cluster, size, size === 1 ? Math.ceil(rowsPerSize / 4) : rowsPerSize)
    const us = (ms: number): string => ((ms * 1000) / cost.rows).toFixed(0)
    const columns = [
      size,
      Math.round((cost.rows * 1000) / cost.moveMs),
      (cost.moveMs / cost.rows).toFixed(3),
      us(cost.databaseMs),
      us(cost.ownMs),
      us(cost.leafMs),
    ]
    console.log(columns.map((value, i) => String(value).padStart([16, 9, 11, 24, 19, 16][i] ?? 10)).join(''))
  }
  console.log(`load average ${loadAverage()}`)
} finally {
  for (const work of works.reverse()) await work()
}

/** Moves consignments AVAILABLE to HANDED_OVER, `size` in a commit, then sequences their entries. */
async function measure(cluster: PrivateCluster, size: number, rows: number) {
  const pool = openPool(cluster.url('gateway'), { name: 'move cost', max: 1 })
  const sequencer = await openConnection(cluster.url('audit'), 'move cost leaves')
  const eyes = await openConnection(cluster.url('postgres'), 'move cost rows')
  try {
    const ids = Array.from({ length: rows }, () => ({ id: newConsignmentId(), dispatch: newDispatchId() }))
    await eyes.query(
      `insert into consignment (id, dispatch_id, agency_code, as_written, kind, lane, mode, state, available_at)
        select id, dispatch, 'H26', array['H26'], 'document', 'normal', 'pull', 'AVAILABLE', now()
        from json_to_recordset($1) as r(id uuid, dispatch uuid)`,
      [JSON.stringify(ids)],
    )
    await eyes.query('analyze consignment')
    const [database, own, began] = [cpuMs(cluster.pid, true), process.cpuUsage(), performance.now()]
    for (let at = 0; at < rows; at += size) {
      const now = new Date()
      const batch = ids.slice(at, at + size)
      const moves: ConsignmentMove[] = batch.map(({ id }) => ({
        ...STAYS,
        id,
        version: 1,
        at: now.toISOString(),
        state: 'HANDED_OVER',
        handed_over: true,
      }))
      const entries = batch.map(({ id, dispatch }) => ({
        owner: id,
        ...sealEntry(
          {
            event: EVENTS.handedOver,
            dispatchId: dispatch,
            consignmentId: id,
            details: { agency: 'H26', system: randomUUID() },
          },
          now,
        ),
      }))
      const moved = await moveConsignments(pool, moves, entries)
      if (moved.size !== batch.length) throw new Error(`${moved.size} of ${batch.length} moved`)
    }
    const [moveMs, databaseMs] = [performance.now() - began, cpuMs(cluster.pid, true) - database]
    const { user, system } = process.cpuUsage(own)
    const leaves = performance.now()
    const next = await eyes.query<{ next: number }>('select coalesce(max(index) + 1, 0) as next from log_leaf')
    let index = next.rows[0]?.next ?? 0
    for (let got = 1; got > 0; index += got) got = (await sequenceEntries(sequencer, 0, index, 5000)).length
    return { rows, moveMs, databaseMs, ownMs: (user + system) / 1000, leafMs: performance.now() - leaves }
  } finally {
    await Promise.all([pool.end(), sequencer.end(), eyes.end()])
  }
}
