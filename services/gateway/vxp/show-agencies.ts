import { once } from 'node:events'
import { createGzip } from 'node:zlib'
import { newToOld, parentCode } from '../../../libs/model/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'
import { type ListedAgency, listAgencyPage, type Pool } from '../../../libs/store/index.ts'
import { asciiJson, SUCCESS } from './write-reply.ts'

/** The three directories of the protocol; `level` is the depth of a unit in the tree, from 1. */
export type AgencyAnswer =
  | { readonly list: 'agencies' | 'synchronized'; readonly level?: undefined }
  | { readonly list: 'codes'; readonly level?: number }

export interface AgencyAnswers {
  /** The whole reply, compressed with gzip; made once for each state of the registry. */
  compressed(answer: AgencyAnswer): Promise<Buffer>
}

const PAGE = 2_000
const MAX_LEVEL = 9

/** Keeps the answers compressed: a hundred thousand units are tens of megabytes, and hardly ever others than yesterday. */
export function keepAgencyAnswers(pool: Pool, registry: Pick<Registry, 'agenciesVersion'>): AgencyAnswers {
  const kept = new Map<string, { readonly version: number; readonly made: Promise<Buffer> }>()
  return {
    compressed(answer) {
      const key = answer.list === 'codes' ? `codes ${answer.level ?? ''}` : answer.list
      const version = registry.agenciesVersion
      const known = kept.get(key)
      if (known?.version === version) return known.made
      const made = make(pool, answer)
      kept.set(key, { version, made })
      made.catch(() => kept.get(key)?.made === made && kept.delete(key))
      return made
    },
  }
}

/** A level as a client asks for it; one that cannot be read means all of them. */
export const readLevel = (text: string | undefined): number | undefined => {
  const level = Number(text?.trim() || Number.NaN)
  return Number.isInteger(level) && level >= 1 && level <= MAX_LEVEL ? level : undefined
}

async function make(pool: Pool, answer: AgencyAnswer): Promise<Buffer> {
  const gzip = createGzip()
  const pieces: Buffer[] = []
  gzip.on('data', (piece: Buffer) => pieces.push(piece))
  const write = async (text: string): Promise<void> => {
    if (!gzip.write(text)) await once(gzip, 'drain')
  }
  const [before = '', after = ''] = asciiJson({ ...SUCCESS, data: '*' }).split('"*"')
  await write(`${before}[`)
  let separator = ''
  for (let after = ''; ; ) {
    const page = await listAgencyPage(pool, after, PAGE)
    const items = page.flatMap((agency) => describe(agency, answer) ?? [])
    if (items.length > 0) {
      await write(separator + items.map(asciiJson).join(','))
      separator = ','
    }
    const last = page.at(-1)
    if (!last || page.length < PAGE) break
    after = last.code
  }
  gzip.end(`]${after}`)
  await once(gzip, 'end')
  return Buffer.concat(pieces)
}

function describe(agency: ListedAgency, answer: AgencyAnswer): object | undefined {
  const { code, name, closed } = agency
  const mail = agency.mail ?? ''
  const pid = agency.parentCode ?? parentCode(code) ?? ''
  if (answer.list === 'synchronized') {
    const { version } = agency
    return { id: code, pid, code, name, mail, version, centerCode: '', deleted: closed, modifyDate: '', isAgency: true }
  }
  if (closed) return undefined
  if (answer.list === 'agencies') return { id: code, pid, code, name, mail, oldCode: newToOld(code) ?? '' }
  if (answer.level !== undefined && code.split('.').length !== answer.level) return undefined
  return { id: code, code, name, mail, code102: newToOld(code) ?? '' }
}
