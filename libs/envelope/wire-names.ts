/** Namespace of QCVN 102:2016/BTTTT: the only one the axis writes. */
export const QCVN_102 = 'http://www.mic.gov.vn/TBT/QCVN_102_2016'
export const XLINK = 'http://www.w3.org/1999/xlink'
/** Value of the `xml:id` that every envelope we write carries, so that a signature can point at it. */
export const ENVELOPE_ID = 'envelope'

/** Namespaces under which edXML elements are recognised. */
export const EDXML_NAMESPACES: ReadonlySet<string> = new Set([
  QCVN_102,
  'http://www.inetcloud.vn/ns/edxml',
  'http://www.e-doc.vn/Schema/',
  'http://e-doc.vn/xsd',
  'http://www.go.vn/eDoc',
  'http://edxml.gov.vn/schema',
])

/** Namespaces of the BKAV SOAP bus (dialect D4). */
export const BKAV_NAMESPACES: ReadonlySet<string> = new Set(['http://www.e-doc.vn/Schema/', 'http://e-doc.vn/xsd'])

export const SOAP_NAMESPACES: ReadonlySet<string> = new Set([
  'http://schemas.xmlsoap.org/soap/envelope/',
  'http://www.w3.org/2003/05/soap-envelope',
])

/** Takes `cid:` and angle brackets off a content id: `<cid:209>`, `cid:209` and `209` are the same. */
export function bareContentId(text: string): string {
  let id = text.trim()
  if (id.startsWith('<') && id.endsWith('>')) id = id.slice(1, -1).trim()
  return /^cid:/i.test(id) ? id.slice(4).trim() : id
}
