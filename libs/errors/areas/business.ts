import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_BUS_…`: the packet is readable, but what it says breaks a rule of official correspondence. */
export const businessErrors = defineErrors({
  LT_BUS_SENDER_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '19',
    title: {
      vi: 'Gói tin thiếu mã định danh của cơ quan gửi (From/OrganId).',
      en: "The packet does not name the sending agency's code (From/OrganId).",
    },
    advice: {
      vi: 'Ghi mã định danh của cơ quan gửi vào From/OrganId.',
      en: "Write the sending agency's identifier code in From/OrganId.",
    },
  },
  LT_BUS_RECIPIENT_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '18',
    title: { vi: 'Gói tin không có nơi nhận (To).', en: 'The packet has no recipient (To).' },
    advice: {
      vi: 'Ghi ít nhất một phần tử To kèm mã định danh nơi nhận.',
      en: "Write at least one To with the recipient's identifier code.",
    },
  },
  LT_BUS_RECIPIENT_CODE_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '18',
    title: {
      vi: 'Nơi nhận thứ {position} không có mã định danh (OrganId).',
      en: 'Recipient {position} has no identifier code (OrganId).',
    },
    advice: { vi: 'Ghi mã định danh của mọi nơi nhận.', en: 'Give every recipient its identifier code.' },
  },
  LT_BUS_RECIPIENT_TWICE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Nơi nhận {agency} xuất hiện nhiều lần trong gói tin.',
      en: 'Recipient {agency} is listed more than once.',
    },
    advice: { vi: 'Mỗi nơi nhận chỉ ghi một lần.', en: 'List each recipient once.' },
  },
  LT_BUS_TOO_MANY_RECIPIENTS: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói tin có {count} nơi nhận, vượt giới hạn {limit}.',
      en: 'The packet has {count} recipients; the limit is {limit}.',
    },
    advice: { vi: 'Chia danh sách nơi nhận thành nhiều gói tin.', en: 'Split the recipients over several packets.' },
  },
  LT_BUS_TOO_MANY_ATTACHMENTS: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói tin có {count} tệp đính kèm, vượt giới hạn {limit}.',
      en: 'The packet has {count} attachments; the limit is {limit}.',
    },
    advice: {
      vi: 'Gộp các tệp đính kèm hoặc gửi thành nhiều gói tin.',
      en: 'Combine attachments, or send several packets.',
    },
  },
  LT_BUS_DOCUMENT_ID_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Văn bản thiếu mã văn bản (DocumentId).', en: 'The document has no DocumentId.' },
    advice: {
      vi: 'Ghi DocumentId duy nhất của văn bản trong toàn mạng.',
      en: "Write the document's network-wide unique DocumentId.",
    },
  },
  LT_BUS_NUMBER_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Văn bản thiếu số (CodeNumber).', en: 'The document has no number (CodeNumber).' },
    advice: { vi: 'Ghi số văn bản vào Code/CodeNumber.', en: "Write the document's number in Code/CodeNumber." },
  },
  LT_BUS_NOTATION_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Văn bản thiếu ký hiệu (CodeNotation).', en: 'The document has no notation (CodeNotation).' },
    advice: {
      vi: 'Ghi ký hiệu văn bản vào Code/CodeNotation.',
      en: "Write the document's notation in Code/CodeNotation.",
    },
  },
  LT_BUS_SUBJECT_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Văn bản thiếu trích yếu (Subject).', en: 'The document has no subject (Subject).' },
    advice: { vi: 'Ghi trích yếu nội dung vào Subject.', en: "Write the document's abstract in Subject." },
  },
  LT_BUS_SIGNER_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Văn bản thiếu họ tên người ký (SignerInfo/FullName).',
      en: 'The document does not name its signer (SignerInfo/FullName).',
    },
    advice: { vi: 'Ghi họ tên người ký văn bản.', en: 'Write the full name of the signer.' },
  },
  LT_BUS_DATE_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Văn bản thiếu ngày ban hành (PromulgationDate).',
      en: 'The document has no date of issue (PromulgationDate).',
    },
    advice: { vi: 'Ghi ngày ban hành dạng yyyy/MM/dd.', en: 'Write the date of issue as yyyy/MM/dd.' },
  },
  LT_BUS_DATE_UNREADABLE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Ngày ban hành "{value}" không đọc được.', en: 'The date of issue "{value}" cannot be read.' },
    advice: { vi: 'Ghi ngày có thật theo dạng yyyy/MM/dd.', en: 'Write an existing date as yyyy/MM/dd.' },
  },
  LT_BUS_DATE_FUTURE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Ngày ban hành {date} ở tương lai.', en: 'The date of issue {date} lies in the future.' },
    advice: {
      vi: 'Kiểm tra ngày ban hành và đồng hồ của hệ thống gửi.',
      en: 'Check the date of issue and the clock of the sending system.',
    },
  },
  LT_BUS_DUE_BEFORE_ISSUE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Hạn xử lý {due} sớm hơn ngày ban hành {issued}.',
      en: 'The due date {due} is before the date of issue {issued}.',
    },
    advice: { vi: 'Kiểm tra lại hạn xử lý (DueDate).', en: 'Check the due date (DueDate).' },
  },
  LT_BUS_PRIORITY_RANGE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Độ khẩn "{value}" không nằm trong các mức 0 đến 4.',
      en: 'The priority "{value}" is not one of 0 to 4.',
    },
    advice: {
      vi: 'Dùng 0 thường, 1 khẩn, 2 thượng khẩn, 3 hỏa tốc, 4 hỏa tốc hẹn giờ.',
      en: 'Use 0 normal, 1 urgent, 2 very urgent, 3 express, 4 express with a set hour.',
    },
  },
  LT_BUS_DOCUMENT_TYPE_UNKNOWN: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Loại văn bản "{value}" không có trong danh mục.',
      en: 'The document type "{value}" is not in the list.',
    },
    advice: {
      vi: 'Dùng mã loại văn bản theo Sửa đổi 1:2022 QCVN 102:2016/BTTTT.',
      en: 'Use a document type of amendment 1:2022 to QCVN 102:2016/BTTTT.',
    },
  },
  LT_BUS_TYPE_UNKNOWN: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Loại nghiệp vụ "{value}" không có nghĩa (BussinessDocType).',
      en: 'The business type "{value}" has no meaning (BussinessDocType).',
    },
    advice: { vi: 'Dùng 0 mới, 1 thu hồi, 2 cập nhật, 3 thay thế.', en: 'Use 0 new, 1 recall, 2 update, 3 replace.' },
  },
  LT_BUS_REASON_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Gói tin {action} thiếu lý do.', en: 'The packet ({action}) gives no reason.' },
    advice: {
      vi: 'Ghi lý do vào BussinessDocReason, với gói trạng thái là Description.',
      en: 'Give the reason in BussinessDocReason, or in Description of a status packet.',
    },
  },
  LT_BUS_TARGET_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói tin {action} không nêu văn bản liên quan.',
      en: 'The packet ({action}) does not say which document it is about.',
    },
    advice: {
      vi: 'Ghi DocumentId của văn bản bị thu hồi, cập nhật hoặc thay thế.',
      en: 'Give the DocumentId of the document recalled, updated or replaced.',
    },
  },
  LT_BUS_NO_ATTACHMENT: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Văn bản không có tệp đính kèm nào.', en: 'The document has no attachment.' },
    advice: { vi: 'Đính kèm tệp văn bản đã ký số.', en: 'Attach the digitally signed document file.' },
  },
  LT_BUS_STATUS_UNKNOWN: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Mã trạng thái "{value}" không có nghĩa.', en: 'The status code "{value}" has no meaning.' },
    advice: {
      vi: 'Dùng một trong các mã 01, 02, 03, 04, 05, 06, 13, 15, 16.',
      en: 'Use one of 01, 02, 03, 04, 05, 06, 13, 15, 16.',
    },
  },
  LT_BUS_STATUS_TARGET_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói trạng thái không nêu cơ quan hoặc văn bản được trả lời (ResponseFor).',
      en: 'The status packet does not name the agency or the document it answers (ResponseFor).',
    },
    advice: {
      vi: 'Ghi OrganId và DocumentId hoặc Code trong ResponseFor.',
      en: 'Give OrganId and DocumentId or Code in ResponseFor.',
    },
  },
  LT_BUS_SECRECY_MARK: {
    status: 422,
    actor: 'sender',
    retry: 'never',
    vxpCode: '22',
    title: {
      vi: 'Gói tin mang dấu hiệu độ mật ({field}); bí mật nhà nước không được gửi qua trục.',
      en: 'The packet carries a secrecy mark ({field}); state secrets must not travel on the axis.',
    },
    advice: {
      vi: 'Gửi văn bản mật bằng đường dành riêng; trục không lưu lại nội dung gói tin này.',
      en: 'Send secret documents by the channel made for them; the axis has kept nothing of this packet.',
    },
  },
})
