import { createPublicKey } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurably } from '../../../libs/client/index.ts'
import { isBusError } from '../../../libs/errors/index.ts'
import { addAgency, addCertificate, addSystem, addSystemKey, front, loadLevel1 } from '../../../libs/registry/index.ts'
import type { Pool } from '../../../libs/store/index.ts'
import { type AgencySigner, type AxisPki, issueAgency, newKeyPem } from '../pki/make-axis.ts'

/** A connected system of the demonstration and the agency it fronts. */
export interface DemoSystem {
  /** Also the client id. */
  readonly systemCode: string
  readonly agencyCode: string
  readonly agencyName: string
  /** Private key of its client assertions: ES256, PKCS#8 PEM. */
  readonly clientKeyFile: string
  readonly clientKeyPem: string
  /** Signs the agency's packets and its own acknowledgements. */
  readonly signer: AgencySigner
}

interface Plan {
  readonly systemCode: string
  readonly agencyCode: string
  readonly agencyName: string
  readonly systemName: string
  /** A unit below, received for by the same system. */
  readonly unit?: { readonly code: string; readonly name: string }
}

const PLANS: readonly Plan[] = [
  {
    systemCode: 'demo-g12',
    agencyCode: 'G12',
    agencyName: 'Bộ Tài chính',
    systemName: 'Hệ thống văn bản Bộ Tài chính (thử nghiệm)',
  },
  {
    systemCode: 'demo-h26',
    agencyCode: 'H26',
    agencyName: 'UBND Thành phố Hà Nội',
    systemName: 'Hệ thống văn bản Thành phố Hà Nội (thử nghiệm)',
    unit: { code: 'H26.01', name: 'Văn phòng UBND Thành phố Hà Nội' },
  },
  {
    systemCode: 'demo-h53',
    agencyCode: 'H53',
    agencyName: 'UBND tỉnh Tây Ninh',
    systemName: 'Hệ thống văn bản tỉnh Tây Ninh (thử nghiệm)',
  },
]

/**
 * Fills an empty registry for a demonstration: the level-1 directory and three systems, each with a registered client key and
 * a packet certificate; their private keys are kept in `dir`. What is there already stays as it is.
 * @param pool with the rights of `lt_cli`
 */
export async function seedDemo(pool: Pool, axis: AxisPki, dir: string): Promise<DemoSystem[]> {
  await loadLevel1(pool)
  const systems: DemoSystem[] = []
  for (const plan of PLANS) systems.push(await seedSystem(pool, axis, dir, plan))
  return systems
}

async function seedSystem(pool: Pool, axis: AxisPki, dir: string, plan: Plan): Promise<DemoSystem> {
  const { systemCode, agencyCode, agencyName, systemName, unit } = plan
  const clientKeyFile = join(dir, `${systemCode}.key.pem`)
  if (!existsSync(clientKeyFile)) await writeDurably(clientKeyFile, Buffer.from(newKeyPem()))
  const clientKeyPem = await readFile(clientKeyFile, 'utf8')
  const signer = await issueAgency(axis, { agencyCode, name: agencyName })
  if (unit) await unlessTaken(addAgency(pool, { ...unit, source: 'demo' }))
  await unlessTaken(addSystem(pool, { code: systemCode, name: systemName }))
  await front(pool, systemCode, agencyCode, { withDescendants: true })
  const publicJwk = createPublicKey(clientKeyPem).export({ format: 'jwk' })
  await addSystemKey(pool, { systemCode, publicJwk })
  await addCertificate(pool, {
    ownerKind: 'agency',
    ownerCode: agencyCode,
    certificatePem: signer.certificatePem,
    purpose: 'packet',
  })
  return { systemCode, agencyCode, agencyName, clientKeyFile, clientKeyPem, signer }
}

/** Waits for an addition; another run may have made it before. */
export async function unlessTaken(adding: Promise<unknown>): Promise<void> {
  try {
    await adding
  } catch (error) {
    if (!isBusError(error, 'LT_REG_CODE_TAKEN')) throw error
  }
}
