import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_DLV_…`: what carries work and time. None of them loses a document: PostgreSQL refills both. */
export const deliveryErrors = defineErrors({
  LT_DLV_BUS_UNAVAILABLE: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'NATS chưa nhận được việc ({reason}).', en: 'NATS did not take the work ({reason}).' },
    advice: {
      vi: 'Không cần gửi lại: trục tự phát lại khi NATS hoạt động. Người vận hành kiểm tra máy chủ NATS.',
      en: 'Nothing has to be sent again: the axis publishes anew once NATS is back. Operators check the NATS server.',
    },
  },
  LT_DLV_QUEUE_UNAVAILABLE: {
    status: 503,
    actor: 'axis',
    retry: 'later',
    vxpCode: '20',
    title: { vi: 'Redis chưa nhận được việc ({reason}).', en: 'Redis did not take the work ({reason}).' },
    advice: {
      vi: 'Không cần gửi lại: trục tự xếp lại hàng đợi khi Redis hoạt động. Người vận hành kiểm tra máy chủ Redis.',
      en: 'Nothing has to be sent again: the axis fills its queues anew once Redis is back. Operators check the Redis server.',
    },
  },
})
