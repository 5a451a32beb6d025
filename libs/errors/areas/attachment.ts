import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_ATT_…`: an attachment cannot be read, matched or trusted to be what it says. */
export const attachmentErrors = defineErrors({
  LT_ATT_BAD_BASE64: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Nội dung tệp đính kèm "{name}" không phải Base64 hợp lệ.',
      en: 'The content of attachment "{name}" is not valid Base64.',
    },
    advice: {
      vi: 'Mã hóa lại tệp bằng Base64 chuẩn (có ký tự đệm =) rồi gửi lại.',
      en: 'Encode the file again in standard Base64 (with = padding) and send again.',
    },
  },
  LT_ATT_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Tệp đính kèm "{name}" có trong danh mục nhưng không có nội dung.',
      en: 'Attachment "{name}" is listed in the manifest but its content is not there.',
    },
    advice: {
      vi: 'Đính kèm đủ mọi tệp đã khai trong edXMLManifest, ContentId phải khớp.',
      en: 'Attach every file the manifest lists, with the same ContentId.',
    },
  },
  LT_ATT_UNLISTED: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Tệp đính kèm "{name}" không có trong danh mục của gói tin.',
      en: 'Attachment "{name}" is not listed in the packet\'s manifest.',
    },
    advice: {
      vi: 'Khai tệp này trong edXMLManifest hoặc bỏ nó ra khỏi gói tin.',
      en: 'List the file in edXMLManifest, or leave it out of the packet.',
    },
  },
  LT_ATT_ID_TWICE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Mã nội dung {contentId} được dùng cho nhiều tệp đính kèm.',
      en: 'The content id {contentId} is used for more than one attachment.',
    },
    advice: {
      vi: 'Đặt cho mỗi tệp đính kèm một ContentId riêng trong gói tin.',
      en: 'Give each attachment its own ContentId within the packet.',
    },
  },
  LT_ATT_EMPTY: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: { vi: 'Tệp đính kèm "{name}" rỗng.', en: 'Attachment "{name}" is empty.' },
    advice: {
      vi: 'Kiểm tra tệp gốc rồi gửi lại với nội dung đầy đủ.',
      en: 'Check the original file and send again with its content.',
    },
  },
  LT_ATT_BROKEN_ZIP: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: { vi: 'Tệp nén "{name}" bị hỏng hoặc bị cắt cụt.', en: 'The zip "{name}" is broken or cut short.' },
    advice: {
      vi: 'Nén lại tệp, kiểm tra mở được rồi gửi lại.',
      en: 'Zip the file again, check that it opens, and send again.',
    },
  },
  LT_ATT_ZIP_BOMB: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Tệp nén "{name}" bung ra quá giới hạn cho phép ({limit}).',
      en: 'The zip "{name}" expands beyond what is allowed ({limit}).',
    },
    advice: {
      vi: 'Gửi tệp không nén, hoặc chia thành các tệp nhỏ hơn.',
      en: 'Send the file unzipped, or in smaller parts.',
    },
  },
})
