import type { AgencyRow, AliasRow, CertificateRow, FrontRow, SystemKeyRow, SystemRow } from '../store/index.ts'
import { AgencyTree } from './agency-tree.ts'
import { ruleImage } from './rule-image.ts'

/** The registry as it lies in memory. Each part is replaced as a whole, or (agencies) brought up to date in one step. */
export class Directory {
  agencies = new AgencyTree()
  aliases: ReadonlyMap<string, AliasRow> = new Map()
  /** By agency code: the one system that declared it fronts the agency. */
  fronts: ReadonlyMap<string, FrontRow> = new Map()
  systems: ReadonlyMap<string, SystemRow> = new Map()
  systemsById: ReadonlyMap<string, SystemRow> = new Map()
  certificates: ReadonlyMap<string, CertificateRow> = new Map()
  /** By system code, oldest first, revoked ones left out. */
  keys: ReadonlyMap<string, readonly SystemKeyRow[]> = new Map()

  setSystems(rows: readonly SystemRow[]): void {
    this.systems = new Map(rows.map((row) => [row.code, row]))
    this.systemsById = new Map(rows.map((row) => [row.id, row]))
  }

  setFronts(rows: readonly FrontRow[]): void {
    this.fronts = new Map(rows.map((row) => [row.agencyCode, row]))
  }

  setAliases(rows: readonly AliasRow[]): void {
    this.aliases = new Map(rows.map((row) => [row.alias, row]))
  }

  setCertificates(rows: readonly CertificateRow[]): void {
    this.certificates = new Map(rows.map((row) => [row.fingerprint, row]))
  }

  setKeys(rows: readonly SystemKeyRow[]): void {
    const keys = new Map<string, SystemKeyRow[]>()
    for (const row of rows) {
      if (row.revokedAt) continue
      const list = keys.get(row.systemCode)
      if (list) list.push(row)
      else keys.set(row.systemCode, [row])
    }
    this.keys = keys
  }

  /**
   * The agency a spelling means, and the alias row that said so. A canonical code means itself; then the alias table speaks;
   * only where it is silent does the rule old ↔ new (QCVN 102:2016, Decision 20/2020).
   */
  find(spelling: string, today: string): { agency: AgencyRow; alias?: AliasRow } | undefined {
    const own = this.agencies.get(spelling)
    if (own) return { agency: own }
    const listed = this.#byAlias(spelling, today)
    if (listed) return listed
    const image = ruleImage(spelling)
    if (image === undefined) return undefined
    const agency = this.agencies.get(image)
    return agency ? { agency } : this.#byAlias(image, today)
  }

  #byAlias(spelling: string, today: string): { agency: AgencyRow; alias: AliasRow } | undefined {
    const alias = this.aliases.get(spelling)
    if (!alias || (alias.validFrom !== null && alias.validFrom > today)) return undefined
    const agency = this.agencies.get(alias.code)
    return agency && { agency, alias }
  }
}
