import { readFileSync } from 'node:fs'

export interface DocumentTypeGroup {
  /** 1 legal documents, 2 administrative documents. */
  readonly type: number
  readonly name: string
  readonly details: readonly { readonly detail: number; readonly name: string; readonly sure: 'read' | 'inferred' }[]
}

const FILE = new URL('../../schemas/data/document-types.json', import.meta.url)
let groups: readonly DocumentTypeGroup[] | undefined

/** The document types of QCVN 102:2016/BTTTT, amendment 1:2022, as shipped in `schemas/data/document-types.json`. */
export function documentTypes(): readonly DocumentTypeGroup[] {
  groups ??= (JSON.parse(readFileSync(FILE, 'utf8')) as { types: DocumentTypeGroup[] }).types
  return groups
}

/** Whether a packet's type and detail stand in the list; an absent detail and `0` mean "not given". */
export function isListedType(type: string | undefined, detail: string | undefined): boolean {
  if (type === undefined) return detail === undefined || detail === '0'
  const group = documentTypes().find((each) => String(each.type) === type)
  if (!group) return false
  return detail === undefined || detail === '0' || group.details.some((each) => String(each.detail) === detail)
}
