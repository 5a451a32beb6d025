import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Client, createClient, openSigner, type PacketSigner, writeDurably } from '../../libs/client/index.ts'
import { BusError } from '../../libs/errors/index.ts'
import type { Call } from './command.ts'
import { UsageError } from './command.ts'

/** Who acts: the address of the axis, the system and its keys. A JSON file; paths in it are relative to the file. */
export interface Profile {
  readonly url: string
  /** Client id. */
  readonly system: string
  /** Private key of client assertions, PEM. */
  readonly key: string
  /** The agency documents are sent for, unless told. */
  readonly agency?: string
  readonly agencyName?: string
  /** Private key and certificate chain that packets are signed with, PEM. */
  readonly signKey?: string
  readonly signCertificate?: string
}

const FIELDS: readonly (keyof Profile)[] = [
  'url',
  'system',
  'key',
  'agency',
  'agencyName',
  'signKey',
  'signCertificate',
]
const PATHS: readonly (keyof Profile)[] = ['key', 'signKey', 'signCertificate']

/** Options of every command that talks to an axis. */
export const PROFILE_OPTIONS = {
  profile: { type: 'string' },
  url: { type: 'string' },
  system: { type: 'string' },
  key: { type: 'string' },
  'sign-key': { type: 'string' },
  'sign-certificate': { type: 'string' },
} as const

/**
 * The profile of a call: options, over `LIENTHONG_URL`, `LIENTHONG_SYSTEM`, `LIENTHONG_KEY`, …, over the file of `--profile` or
 * `LIENTHONG_PROFILE`. @throws UsageError naming what is missing; BusError LT_CONF_FILE_UNREADABLE
 */
export function readProfile({ values, environment, output }: Call): Profile {
  const path = values.profile ?? environment.LIENTHONG_PROFILE
  const file: Partial<Profile> = path ? readProfileFile(path) : {}
  const found: Partial<Record<keyof Profile, string>> = {}
  for (const field of FIELDS) {
    const option = field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    const variable = `LIENTHONG_${option.replaceAll('-', '_').toUpperCase()}`
    const value = values[option] ?? environment[variable] ?? file[field]
    if (value !== undefined) found[field] = value
  }
  const { url, system, key } = found
  for (const [name, value] of Object.entries({ url, system, key })) {
    if (!value)
      throw new UsageError(
        output.t('usage.missing', { what: `--${name}, LIENTHONG_${name.toUpperCase()} / --profile` }),
      )
  }
  return { ...found, url: url as string, system: system as string, key: key as string }
}

export function clientOf(profile: Profile): Client {
  return createClient({ baseUrl: profile.url, systemCode: profile.system, key: readText(profile.key) })
}

/** Who signs. @throws UsageError when the profile names no key for it */
export function signerOf(profile: Profile, { output }: Call): PacketSigner {
  const { signKey, signCertificate } = profile
  if (!signKey || !signCertificate) {
    throw new UsageError(output.t('usage.missing', { what: '--sign-key, --sign-certificate / --profile' }))
  }
  return openSigner(readText(signKey), readText(signCertificate))
}

export async function writeProfile(path: string, profile: Profile): Promise<void> {
  await writeDurably(path, Buffer.from(`${JSON.stringify(profile, null, 2)}\n`))
}

/** @throws BusError LT_CONF_FILE_UNREADABLE */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
}

function readProfileFile(path: string): Partial<Profile> {
  let value: Partial<Record<keyof Profile, unknown>>
  try {
    value = JSON.parse(readText(path)) as Partial<Record<keyof Profile, unknown>>
  } catch (cause) {
    throw new BusError('LT_CONF_FILE_UNREADABLE', { path }, { cause })
  }
  const texts = FIELDS.flatMap((field) =>
    typeof value?.[field] === 'string' ? [[field, value[field] as string] as const] : [],
  )
  return Object.fromEntries(
    texts.map(([field, text]) => [field, PATHS.includes(field) ? resolve(dirname(path), text) : text]),
  )
}
