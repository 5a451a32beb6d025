/** What one dispatch asks of others, as admission resolved it and routing carries it out. */
export interface ResolvedAction {
  readonly requests: readonly BusinessRequest[]
  /** Receivers that an update adds: each gets the document as one more consignment of the dispatch that carried it. */
  readonly added: readonly AddedReceiver[]
  /** Of a status: the dispatches of the document it is about, as far as the reporter is a party to them. */
  readonly about: readonly string[]
}

export interface BusinessRequest {
  /** `remove`: an update takes the document from these receivers, like a recall. */
  readonly action: 'recall' | 'update' | 'replace' | 'remove'
  /** The dispatch it is about. */
  readonly dispatch: string
  readonly agencies: readonly string[]
}

export interface AddedReceiver {
  readonly dispatch: string
  readonly agency: string
  readonly asWritten: string
}

/** Requests that take the document away where it has not left; an update never does. */
export const withdraws = (action: BusinessRequest['action']): boolean => action !== 'update'
