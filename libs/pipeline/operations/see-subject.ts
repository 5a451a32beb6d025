import {
  findVoidable,
  type Queryable,
  seeHold,
  seeMaintenance,
  seeRetentionClass,
  seeRetentionRule,
  seeSuspension,
} from '../../store/index.ts'
import type { Subject } from './operation.ts'

/**
 * A subject with what stands at this moment: the second operator is shown it, and his approval does nothing where something else stands
 * by then. Of consignments the plan says so. @throws BusError LT_STORE_UNAVAILABLE
 */
export async function seeSubject(database: Queryable, subject: Subject): Promise<Subject> {
  switch (subject.on) {
    case 'consignments':
      return subject
    case 'system':
      return { ...subject, seen: (await seeSuspension(database, subject.system)) ?? { since: null, reason: null } }
    case 'content':
      return {
        ...subject,
        seen: (await seeHold(database, subject.dispatch)) ?? { held: false, since: null, reason: null },
      }
    case 'request': {
      const requests = await findVoidable(database, subject.consignment)
      return { ...subject, seen: requests.map(({ dispatch_id }) => dispatch_id) }
    }
    case 'retention': {
      const { change } = subject
      const seen =
        'rule' in change
          ? await seeRetentionRule(database, change.rule)
          : await seeRetentionClass(database, change.class.code)
      return { ...subject, seen }
    }
    case 'axis':
      return { ...subject, seen: await seeMaintenance(database) }
  }
}
