import { BusError, type ErrorCode, isBusError } from '../errors/index.ts'

/** What the framework's own errors mean in our catalogue. */
const FRAMEWORK: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'LT_HTTP_UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'LT_HTTP_BODY_MALFORMED',
  FST_ERR_CTP_INVALID_JSON_BODY: 'LT_HTTP_BODY_MALFORMED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'LT_HTTP_BODY_INCOMPLETE',
  FST_ERR_BAD_URL: 'LT_HTTP_MALFORMED',
  FST_ERR_MAX_PARAM_LENGTH: 'LT_HTTP_URI_TOO_LONG',
  ECONNRESET: 'LT_HTTP_BODY_INCOMPLETE',
}

interface FrameworkError {
  readonly code?: unknown
  readonly statusCode?: unknown
  readonly message?: string
  readonly validation?: readonly {
    instancePath?: string
    message?: string
    params?: Record<string, unknown>
  }[]
  readonly validationContext?: string
}

/** Turns whatever a route or the framework threw into the one error class; what nobody foresaw is LT_HTTP_INTERNAL. */
export function toBusError(error: unknown, bodyLimit: number): BusError {
  if (isBusError(error)) return error
  const { code, statusCode, validation, validationContext = 'body' } = (error ?? {}) as FrameworkError
  if (validation?.[0]) {
    const [{ instancePath = '', params = {}, message = '' }] = validation as [
      NonNullable<FrameworkError['validation']>[number],
    ]
    const missing = params.missingProperty ?? params.additionalProperty
    const path = [
      validationContext,
      ...instancePath.split('/').slice(1),
      ...(typeof missing === 'string' ? [missing] : []),
    ]
    return new BusError(
      'LT_HTTP_INVALID_REQUEST',
      { field: path.join('.').slice(0, 120), detail: message },
      { cause: error },
    )
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new BusError('LT_HTTP_BODY_TOO_LARGE', { limit: bodyLimit }, { cause: error })
  const known = typeof code === 'string' ? FRAMEWORK[code] : undefined
  if (known) return new BusError(known, {}, { cause: error })
  // The JSON parser refuses syntax and `__proto__` with a plain SyntaxError that carries a status.
  if (error instanceof SyntaxError && statusCode === 400)
    return new BusError('LT_HTTP_BODY_MALFORMED', {}, { cause: error })
  return new BusError('LT_HTTP_INTERNAL', {}, { cause: error })
}
