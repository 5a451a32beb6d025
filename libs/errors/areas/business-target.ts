import { defineErrors } from '../entry.ts'

/** More errors of the area `LT_BUS_…`: a recall, update, replacement or status that does not fit what the axis carried. */
export const businessTargetErrors = defineErrors({
  LT_BUS_TARGET_UNKNOWN: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Trục chưa chuyển văn bản nào mang mã {documentId} của cơ quan {agency}.',
      en: 'The axis has carried no document {documentId} of agency {agency}.',
    },
    advice: {
      vi: 'Ghi đúng DocumentId của văn bản đã gửi; văn bản gửi ngoài trục phải thu hồi, cập nhật hoặc thay thế ngoài trục.',
      en: 'Give the DocumentId exactly as it was sent; what went another way has to be recalled, updated or replaced that way.',
    },
  },
  LT_BUS_TARGET_FOREIGN: {
    status: 403,
    actor: 'sender',
    retry: 'never',
    vxpCode: '22',
    title: {
      vi: 'Văn bản {documentId} không do cơ quan {agency} ban hành nên cơ quan này không được thu hồi, cập nhật hay thay thế.',
      en: 'Document {documentId} was not issued by agency {agency}, which may not recall, update or replace it.',
    },
    advice: {
      vi: 'Chỉ cơ quan ban hành được thu hồi, cập nhật, thay thế; bên nhận trả lại văn bản bằng trạng thái 02.',
      en: 'Only the issuing agency may do this; a receiver returns a document with status 02.',
    },
  },
  LT_BUS_TARGET_NOT_SENT: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Văn bản {documentId} chưa từng được chuyển đến: {agencies}.',
      en: 'Document {documentId} was never consigned to: {agencies}.',
    },
    advice: {
      vi: 'Chỉ ghi những nơi nhận đã được chuyển văn bản này, hoặc thêm nơi nhận mới bằng gói cập nhật.',
      en: 'Name only receivers it was consigned to, or add receivers with an update.',
    },
  },
  LT_BUS_RECEIVERS_CONTRADICTORY: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Danh sách nơi nhận của gói {action} mâu thuẫn: {reason} ({agencies}).',
      en: 'The receiver list of this {action} contradicts itself: {reason} ({agencies}).',
    },
    advice: {
      vi: 'Ghi mỗi nơi nhận một lần: bỏ nơi đã có văn bản, thêm nơi chưa có, và đặt DocumentReceiver là 1 khi danh sách thay đổi.',
      en: 'List each receiver once: remove one that has the document, add one that has not, and set DocumentReceiver to 1 when the list changes.',
    },
  },
  LT_BUS_NOTHING_CHANGED: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói cập nhật không nói thay đổi điều gì (DocumentInfo và DocumentReceiver đều không là 1).',
      en: 'The update does not say what it changes (neither DocumentInfo nor DocumentReceiver is 1).',
    },
    advice: {
      vi: 'Đặt DocumentInfo là 1 khi nội dung thay đổi, DocumentReceiver là 1 khi danh sách nơi nhận thay đổi.',
      en: 'Set DocumentInfo to 1 when the document changes, DocumentReceiver to 1 when its receivers do.',
    },
  },
  LT_BUS_STATUS_NOT_ISSUER: {
    status: 403,
    actor: 'sender',
    retry: 'never',
    vxpCode: '22',
    title: {
      vi: 'Trạng thái 13 (lấy lại) về văn bản {documentId} chỉ cơ quan ban hành được gửi.',
      en: 'Status 13 (take back) about document {documentId} may only come from its issuer.',
    },
    advice: {
      vi: 'Bên nhận dùng 02 để từ chối, 15 hoặc 16 để trả lời yêu cầu của nơi gửi.',
      en: 'A receiver refuses with 02 and answers the sender with 15 or 16.',
    },
  },
  LT_BUS_STATUS_NOT_RECEIVER: {
    status: 403,
    actor: 'sender',
    retry: 'never',
    vxpCode: '22',
    title: {
      vi: 'Trạng thái {code} về văn bản {documentId} chỉ bên nhận văn bản được gửi, không phải nơi ban hành.',
      en: 'Status {code} about document {documentId} may only come from a receiver of it, not from its issuer.',
    },
    advice: {
      vi: 'Nơi ban hành dùng 13 để lấy lại, hoặc gói thu hồi, cập nhật, thay thế.',
      en: 'The issuer takes a document back with 13, or recalls, updates or replaces it.',
    },
  },
  LT_BUS_STATUS_UNMATCHED: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Trục chưa chuyển văn bản nào như vậy ({documentId}) giữa cơ quan {agency} và cơ quan được trả lời.',
      en: 'The axis has carried no such document ({documentId}) between agency {agency} and the agency it answers.',
    },
    advice: {
      vi: 'Trạng thái vẫn được chuyển và đánh dấu; nếu văn bản đã đi qua trục thì ghi OrganId và DocumentId đúng như gói tin đã nhận.',
      en: 'The status travels all the same, flagged; if the document came through the axis, give agency code and DocumentId exactly as received.',
    },
  },
})
