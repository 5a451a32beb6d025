// One test keeps the common case (nothing to escape) free of copies.
const TEXT_SPECIAL = /[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]/
const ATTRIBUTE_SPECIAL = /[&<"\x00-\x1f\ud800-\udfff\ufffe\uffff]/
// With the u flag \p{Cs} is a surrogate without its partner.
const TEXT_ALL = /[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]|\p{Cs}/gu
const ATTRIBUTE_ALL = /[&<"\x00-\x1f\ufffe\uffff]|\p{Cs}/gu

/** A text node as Canonical XML 1.0 writes it (2.3); what XML 1.0 cannot carry becomes U+FFFD. */
export function canonicalText(text: string): string {
  return TEXT_SPECIAL.test(text) ? text.replace(TEXT_ALL, textEscape) : text
}

/** ` name="value"` as Canonical XML 1.0 writes it, or nothing when there is no value. The caller keeps attributes in order of name. */
export function canonicalAttribute(name: string, value: string | number | undefined): string {
  if (value === undefined) return ''
  const text = String(value)
  const escaped = ATTRIBUTE_SPECIAL.test(text) ? text.replace(ATTRIBUTE_ALL, attributeEscape) : text
  return ` ${name}="${escaped}"`
}

function textEscape(char: string): string {
  if (char === '&') return '&amp;'
  if (char === '<') return '&lt;'
  if (char === '>') return '&gt;'
  return char === '\r' ? '&#xD;' : '\ufffd'
}

function attributeEscape(char: string): string {
  if (char === '&') return '&amp;'
  if (char === '<') return '&lt;'
  if (char === '"') return '&quot;'
  if (char === '\t') return '&#x9;'
  if (char === '\n') return '&#xA;'
  return char === '\r' ? '&#xD;' : '\ufffd'
}
