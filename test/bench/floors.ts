import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify, X509Certificate } from 'node:crypto'
import { connectBus } from '../../libs/bus/index.ts'
import { SUBJECTS } from '../../libs/model/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import { openConnection } from '../../libs/store/index.ts'
import type { PrivateCluster } from '../harness/private-cluster.ts'
import { startNats } from '../harness/start-broker.ts'

/** What this machine can do at all, per second, measured in the same run as everything else. */
export interface Floors {
  /** node:crypto: SHA-256 of a packet's bytes and one signature verification, per second of CPU. */
  readonly hash_and_verify_per_cpu_s: number
  /** Rows of 200 bytes on one connection, each its own commit. */
  readonly commits_per_s: number
  /** 1 KB into a JetStream file store, 100 in flight. */
  readonly publishes_per_s: number
}

const MS = 2000

export async function measureFloors(
  cluster: PrivateCluster,
  packets: readonly Buffer[],
  signer: { privateKeyPem: string; certificatePem: string },
): Promise<Floors> {
  return {
    hash_and_verify_per_cpu_s: hashAndVerify(packets, signer),
    commits_per_s: await commits(cluster),
    publishes_per_s: await publishes(),
  }
}

function hashAndVerify(packets: readonly Buffer[], signer: { privateKeyPem: string; certificatePem: string }): number {
  const octets = randomBytes(700)
  const value = sign('sha256', octets, createPrivateKey(signer.privateKeyPem))
  const key = createPublicKey(
    new X509Certificate(signer.certificatePem).publicKey.export({ type: 'spki', format: 'pem' }),
  )
  const [end, used] = [performance.now() + MS, process.cpuUsage()]
  let count = 0
  while (performance.now() < end) {
    createHash('sha256')
      .update(packets[count % packets.length] as Buffer)
      .digest()
    if (!verify('sha256', octets, key, value)) throw new Error('a floor that does not verify')
    count++
  }
  const { user, system } = process.cpuUsage(used)
  return Math.round((count * 1e6) / (user + system))
}

async function commits(cluster: PrivateCluster): Promise<number> {
  const connection = await openConnection(cluster.url('postgres'), 'bench floor')
  try {
    await connection.query('create table bench_floor (id bigint generated always as identity primary key, filler text)')
    const filler = 'x'.repeat(200)
    const end = performance.now() + MS
    let count = 0
    for (; performance.now() < end; count++) {
      await connection.query({
        name: 'bench-floor',
        text: 'insert into bench_floor (filler) values ($1)',
        values: [filler],
      })
    }
    await connection.query('drop table bench_floor')
    return Math.round((count * 1000) / MS)
  } finally {
    await connection.end()
  }
}

async function publishes(): Promise<number> {
  const works: (() => unknown)[] = []
  const nats = await startNats({ teardown: (work) => void works.push(work) })
  const stop = new AbortController()
  const bus = await connectBus({
    url: nats.url('routing'),
    name: 'bench floor',
    signal: stop.signal,
    log: createLogger('bench', { level: 'silent' }),
  })
  try {
    await bus.ensureStreams()
    const data = randomBytes(1024)
    const end = performance.now() + MS
    let count = 0
    const lane = async (): Promise<void> => {
      for (; performance.now() < end; count += 1) await bus.publishWork(SUBJECTS.dispatchAccepted('normal'), data)
    }
    await Promise.all(Array.from({ length: 100 }, lane))
    return Math.round((count * 1000) / MS)
  } finally {
    await bus.close()
    stop.abort()
    for (const work of works.reverse()) await work()
  }
}
