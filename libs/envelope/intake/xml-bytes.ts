/** The bytes that XML's tokens are made of. */
export const LESS = 0x3c
export const GREATER = 0x3e
export const SLASH = 0x2f
export const BANG = 0x21
export const QUESTION = 0x3f
export const QUOTE = 0x22
export const APOSTROPHE = 0x27
export const AMPERSAND = 0x26
export const DASH = 0x2d
export const BRACKET = 0x5d

/** Whether a name may begin with this byte; every byte of a character outside of ASCII counts, the parser knows better. */
export function isNameStart(byte: number): boolean {
  const lower = byte | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || byte === 0x5f || byte === 0x3a || byte >= 0x80
}
