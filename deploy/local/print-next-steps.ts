import { join, relative } from 'node:path'
import { readEnvFile } from '../../libs/runtime/index.ts'
import { openPool } from '../../libs/store/index.ts'
import { type DemoSystem, seedDemo } from '../../services/cli/demo/seed.ts'
import { table } from '../../services/cli/output.ts'
import { makeAxis } from '../../services/cli/pki/make-axis.ts'
import { writeProfile } from '../../services/cli/profile.ts'
import type { Folders } from './folders.ts'

/**
 * Makes the servers ready to be tried: keys and certificates of a test axis, the level-1 directory, three demo agencies with a
 * profile file each; and tells how to go on. Safe to repeat: what is there stays.
 */
export async function printNextSteps(folders: Folders, say: (line: string) => void): Promise<void> {
  const url = gatewayUrl(folders)
  const systems = await seed(folders)
  const profiles = new Map<string, string>()
  for (const system of systems) {
    const path = join(folders.keys, `${system.systemCode}.json`)
    await writeProfile(path, profileOf(system, url, folders))
    profiles.set(system.agencyCode, shown(path))
  }
  const rows = systems.map(({ agencyCode, agencyName, systemCode, clientKeyFile }) => [
    `  ${agencyCode}`,
    agencyName,
    systemCode,
    shown(clientKeyFile),
  ])
  const [sender, receiver] = [profiles.get('G12'), profiles.get('H26')]
  const today = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(0, 10)
  for (const line of [
    '',
    `base URL: ${url}   (start the services in another terminal: make dev)`,
    `compatible door: ${doorUrl(folders)}   (service.endpoint of client programs of today's axis; lienthong system add CODE --fronts CODES --vxp)`,
    ...table([['  agency', 'name', 'client id', 'key file'], ...rows]),
    '',
    'five lines to try:',
    '  alias lienthong="node --import=tsx services/cli/main.ts"; export LIENTHONG_LANG=en',
    `  lienthong send README.md --profile ${sender} --to H26,H53 --number 1 --notation CV-BTC --date ${today} --type 2/18 --signer 'Nguyễn Văn A' --subject 'Xin chào'`,
    `  curl -s -H "Authorization: Bearer $(lienthong token --profile ${receiver})" ${url}/v1/mailbox`,
    `  lienthong inbox --profile ${receiver} --receive ${shown(join(folders.base, 'received'))}`,
    `  lienthong status DISPATCH --profile ${sender} --receipts ${shown(join(folders.base, 'receipts'))}`,
    '',
  ]) {
    say(line)
  }
}

async function seed(folders: Folders): Promise<DemoSystem[]> {
  const axis = await makeAxis(folders.keys)
  const { DATABASE_URL: database = '' } = readEnvFile(join(folders.env, 'cli.env'))
  const pool = openPool(database, { name: 'lienthong up', max: 2 })
  try {
    return await seedDemo(pool, axis, folders.keys)
  } finally {
    await pool.end()
  }
}

function gatewayUrl({ env }: Folders): string {
  const { PUBLIC_URL, LISTEN_HOST, LISTEN_PORT } = readEnvFile(join(env, 'gateway.env'))
  return PUBLIC_URL ?? `http://${LISTEN_HOST}:${LISTEN_PORT}`
}

function doorUrl({ env }: Folders): string {
  const { LISTEN_HOST, DOOR_HOST = LISTEN_HOST, DOOR_PORT } = readEnvFile(join(env, 'gateway.env'))
  return `http://${DOOR_HOST}:${DOOR_PORT}`
}

function profileOf(
  { systemCode, clientKeyFile, agencyCode, agencyName, signer }: DemoSystem,
  url: string,
  { keys }: Folders,
): Parameters<typeof writeProfile>[1] {
  const inside = (path: string): string => relative(keys, path)
  return {
    url,
    system: systemCode,
    key: inside(clientKeyFile),
    agency: agencyCode,
    agencyName,
    signKey: inside(signer.keyFile),
    signCertificate: inside(signer.certificateFile),
  }
}

/** As a person at the project's folder would type it. */
function shown(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}
