import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_SCHEMA_…`: the packet or request does not follow the published schema. */
export const schemaErrors = defineErrors({
  LT_SCHEMA_INVALID: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói tin không theo lược đồ XML (dòng {line}): {detail}.',
      en: 'The packet does not follow its XML schema (line {line}): {detail}.',
    },
    advice: {
      vi: 'Sửa phần tử đã nêu theo lược đồ công bố rồi gửi lại.',
      en: 'Correct the element named after the published schema, then send again.',
    },
  },
  LT_SCHEMA_UNREADABLE: {
    status: 500,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: {
      vi: 'Trục không nạp được lược đồ {schema}: {detail}.',
      en: 'The axis cannot load the schema {schema}: {detail}.',
    },
    advice: {
      vi: 'Kiểm tra thư mục schemas của bản cài đặt rồi khởi động lại dịch vụ.',
      en: 'Check the schemas folder of the installation and start the service again.',
    },
  },
})
