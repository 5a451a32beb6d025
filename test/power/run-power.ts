import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { processEnvironment } from '../../libs/runtime/index.ts'
import { runWithTeardown } from '../crash/teardown-stack.ts'
import { seededRandom } from '../harness/seeded-random.ts'
import { readCommits } from './commit-records.ts'
import { loseDisk } from './disk-model.ts'
import { findLosses } from './find-losses.ts'
import { recordRun } from './record-run.ts'
import { startCopy } from './start-copy.ts'
import { loseWal } from './wal-model.ts'

// `make test-power`: records what a gateway and its PostgreSQL write, flush and answer, takes the power away at random moments, and
// looks for each document that was answered before. CUTS: how many; STARTS: at so many of them the rest is really started;
// DOCUMENTS, SEED. MODEL=0: the models' own verdict is not asked for, so that whatever is found was found by fsck on what was started.
const env = processEnvironment()
const seed = Number(env.SEED ?? Date.now() % 1_000_000_000)
const [cuts, starts, documents] = [Number(env.CUTS ?? 300), Number(env.STARTS ?? 3), Number(env.DOCUMENTS ?? 24)]
/** After an answer has begun to leave: nothing that was not safe then may count on the time it took. */
const MOMENT_S = 1e-6
const asksModel = env.MODEL !== '0'
const say = (line: string): void => void process.stdout.write(`${line}\n`)

process.exitCode = await runWithTeardown(async (t) => {
  const begun = performance.now()
  const random = seededRandom(seed)
  const run = await recordRun(t, documents, seed)
  if (!run) {
    say('# SKIPPED: ptrace is forbidden or strace is missing here')
    return 0
  }
  const [segment = '', second] = [...run.wal.keys()]
  const wal = run.wal.get(segment)
  if (!wal || second) throw new Error(`the run wrote ${run.wal.size} segments of the log: more than this model knows`)
  const before = readFileSync(join(run.walBefore, segment))
  const after = readFileSync(join(run.end, 'data/pg_wal', segment))
  const commits = readCommits(join(run.end, 'data/pg_wal'), segment)
  const syncs = run.disk.filter(({ kind }) => kind === 'sync').length
  say(
    `seed ${seed}: ${run.answers.length} documents answered, ${run.files.length} of their files on disk, ${run.disk.length} calls on the ` +
      `content folder (${syncs} of them fsync or fdatasync), ${wal.writes.length} writes and ${wal.syncs.length} flushes of the log`,
  )

  const times = run.answers.map(({ at }) => at)
  const [first, last] = [Math.min(...run.disk.map((call) => call.begun)), Math.max(...times)]
  const losses: string[] = []
  let looked = 0
  let started = 0
  for (let i = 0; i < cuts; i++) {
    // Every second cut falls on the moment after an answer, where a broken promise shows.
    const cut = i % 2 === 0 ? random.pick(times) + MOMENT_S : first + random() * (last - first)
    const remains = { disk: loseDisk(run.disk, cut, random), segment, wal: loseWal(before, wal, cut, random) }
    const answered = run.answers.filter(({ at }) => at < cut).map(({ dispatch }) => dispatch)
    looked += answered.length
    const lost = asksModel ? findLosses(run, remains, { commits, after, answered }) : []
    losses.push(...lost.map((what) => `cut ${i}: ${what}`))
    if (answered.length > 0 && started < starts && i >= (cuts / (starts + 1)) * started) {
      started += 1
      const missing = await startCopy(run, remains, answered)
      losses.push(...missing.map((what) => `cut ${i}, started: ${what}`))
      say(
        `cut ${i}: PostgreSQL started on what was left, ${answered.length} documents looked for, ${missing.length} missing`,
      )
    }
  }
  for (const loss of losses.slice(0, 20)) say(`lost: ${loss}`)
  say(`${looked} times a document was looked for, ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  say(`lost ${losses.length} cuts ${cuts} started ${started}`)
  return losses.length === 0 && run.answers.length === documents ? 0 : 1
})
