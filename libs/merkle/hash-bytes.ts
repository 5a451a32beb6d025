/** Length of every hash of the tree, in bytes (SHA-256). */
export const HASH_BYTES = 32

/**
 * SHA-256, given by the caller: `node:crypto` on a server, Web Crypto in a browser. Where the digest is synchronous, single hashes
 * come back synchronously too.
 */
export type Digest<R extends Uint8Array | Promise<Uint8Array> = Uint8Array | Promise<Uint8Array>> = (
  data: Uint8Array<ArrayBuffer>,
) => R

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return hex
}

/** Bytes of lower-case hex, or `undefined` when it is anything else. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> | undefined {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/.test(hex)) return undefined
  const bytes = new Uint8Array(hex.length / 2)
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16)
  return bytes
}

/** Whether both hold the same bytes. Nothing here is secret, so time does not matter. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

/** All parts one after another, in a buffer of their own. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
