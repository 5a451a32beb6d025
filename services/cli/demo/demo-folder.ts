import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { safeFileName } from '../../../libs/envelope/index.ts'
import { makeFolder } from '../make-folder.ts'

/** The folder in which a demonstration leaves everything for others to check. */
export interface DemoFolder {
  readonly path: string
  readonly at: (...names: string[]) => string
  keepSent(name: string, bytes: Uint8Array): Promise<void>
  keepFetched(agencyCode: string, name: string, file: string): Promise<void>
  keepReceipt(name: string, xml: Uint8Array): Promise<void>
  keepTrust(name: string, pem: string): Promise<void>
  /** Files that were sent and fetched under one name, with whether their bytes are equal. */
  compare(agencyCodes: readonly string[], names: readonly string[]): Promise<{ file: string; equal: boolean }[]>
}

/** Makes `<parent>/<time>` with its parts. */
export async function makeDemoFolder(parent: string, now: Date): Promise<DemoFolder> {
  const path = join(parent, now.toISOString().replace(/[:.]/g, '-'))
  const at = (...names: string[]): string => join(path, ...names)
  for (const part of ['sent', 'fetched', 'receipts', 'trust']) await makeFolder(at(part))
  return {
    path,
    at,
    keepSent: (name, bytes) => writeFile(at('sent', safeFileName(name)), bytes),
    async keepFetched(agencyCode, name, file) {
      await makeFolder(at('fetched', agencyCode))
      await copyFile(file, at('fetched', agencyCode, safeFileName(name)))
    },
    keepReceipt: (name, xml) => writeFile(at('receipts', safeFileName(name)), xml),
    keepTrust: (name, pem) => writeFile(at('trust', safeFileName(name)), pem),
    async compare(agencyCodes, names) {
      const found: { file: string; equal: boolean }[] = []
      for (const name of names) {
        const sent = await readFile(at('sent', safeFileName(name)))
        for (const agency of agencyCodes) {
          const file = join('fetched', agency, safeFileName(name))
          found.push({ file, equal: sent.equals(await readFile(at(file))) })
        }
      }
      return found
    },
  }
}
