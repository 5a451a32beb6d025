import { BusError } from '../errors/index.ts'
import { isConnectionLoss } from '../store/index.ts'

/** Runs a change of the registry; a lost connection becomes ours, so that no driver's error leaves this folder. */
export async function guardWrite<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof BusError) && isConnectionLoss(error)) {
      throw new BusError('LT_STORE_UNAVAILABLE', {}, { cause: error })
    }
    throw error
  }
}
