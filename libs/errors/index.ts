export { BusError, type ErrorParams, fill, isBusError } from './bus-error.ts'
export { catalogue, type ErrorCode } from './catalogue.ts'
export type { Actor, Bilingual, CatalogueEntry, RetryAdvice } from './entry.ts'
