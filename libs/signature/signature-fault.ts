import type { ErrorCode, ErrorParams } from '../errors/index.ts'

/**
 * `invalid`: the signature is there and does not hold. `untrusted`: it holds, but its certificate is not trusted.
 * `unverifiable`: it cannot be judged (algorithm, form, no certificate). `sample`: the placeholder of the public library.
 */
export type SignatureVerdict = 'valid' | 'invalid' | 'untrusted' | 'unverifiable' | 'sample' | 'absent'

/** Ends a verification. `verifyPacket` turns it into a report; only `readSignature` and `verifySignature` let callers see it. */
export class SignatureFault extends Error {
  readonly verdict: SignatureVerdict
  readonly reason: ErrorCode
  readonly params: ErrorParams

  constructor(verdict: SignatureVerdict, reason: ErrorCode, params: ErrorParams = {}) {
    super(reason)
    this.verdict = verdict
    this.reason = reason
    this.params = params
  }
}
