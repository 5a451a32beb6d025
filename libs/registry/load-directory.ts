import {
  type Queryable,
  type RegistryVersions,
  readAgencyPage,
  readAliases,
  readCertificates,
  readChangedAgencies,
  readFronts,
  readSystemKeys,
  readSystems,
} from '../store/index.ts'
import { AgencyTree } from './agency-tree.ts'
import type { Directory } from './directory.ts'

/** A part of the registry that has its own version and is loaded by itself. */
export type DirectoryPart = Exclude<keyof RegistryVersions, 'version'>

/** Rows of a page: small enough that putting one into the maps takes a millisecond or two. */
const PAGE = 500
/** With more changed rows than this, a new tree off to the side is cheaper than one long step on the live one. */
const MOST_CHANGES = 2_000

/** Loads one part into the directory; the last step swaps it in at once. `seen`: the version it holds now, -1 for none. */
export async function loadPart(
  database: Queryable,
  directory: Directory,
  part: DirectoryPart,
  seen: number,
): Promise<void> {
  switch (part) {
    case 'system':
      return directory.setSystems(await readSystems(database))
    case 'systemKey':
      return directory.setKeys(await readSystemKeys(database))
    case 'front':
      return directory.setFronts(await readFronts(database))
    case 'agencyAlias':
      return directory.setAliases(await readAliases(database))
    case 'agencyCertificate':
      return directory.setCertificates(await readCertificates(database))
    case 'agency':
      return loadAgencies(database, directory, seen)
  }
}

async function loadAgencies(database: Queryable, directory: Directory, seen: number): Promise<void> {
  if (seen >= 0) {
    const changed = await readChangedAgencies(database, seen, MOST_CHANGES + 1)
    if (changed.length <= MOST_CHANGES) {
      for (const agency of changed) directory.agencies.put(agency)
      return
    }
  }
  // Pages see different moments; what changed behind us carries a version above the one compared, and comes next time.
  const tree = new AgencyTree()
  for (let after = ''; ; ) {
    const page = await readAgencyPage(database, after, PAGE)
    for (const agency of page) tree.put(agency)
    const last = page[page.length - 1]
    if (!last || page.length < PAGE) break
    after = last.code
  }
  directory.agencies = tree
}
