/** A digest that is fed in pieces. */
export interface StreamingDigest {
  update(chunk: Uint8Array): void
  digest(): Uint8Array | Promise<Uint8Array>
}

/** The cryptography a verification needs, injected so that the same rules run on a server and in a browser. */
export interface SignatureCrypto<Key> {
  /** @param algorithm identifier of the DigestMethod; only identifiers the policy allows are asked for */
  createDigest(algorithm: string): StreamingDigest
  /** @param algorithm identifier of the SignatureMethod; only identifiers the policy allows are asked for */
  verify(algorithm: string, key: Key, data: Uint8Array, value: Uint8Array): boolean | Promise<boolean>
}
