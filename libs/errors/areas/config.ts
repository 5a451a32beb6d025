import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_CONF_…`: the process cannot start or run with what it was given. */
export const configErrors = defineErrors({
  LT_CONF_INVALID: {
    status: 500,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: { vi: 'Cấu hình không hợp lệ:\n  {problems}', en: 'The settings are not valid:\n  {problems}' },
    advice: {
      vi: 'Sửa các biến môi trường nêu trên rồi khởi động lại; deploy/env.example giải thích từng biến.',
      en: 'Correct the variables named above and start again; deploy/env.example explains each of them.',
    },
  },
  LT_CONF_FILE_UNREADABLE: {
    status: 500,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: { vi: 'Không đọc được tệp {path}.', en: 'The file {path} cannot be read.' },
    advice: {
      vi: 'Kiểm tra đường dẫn, quyền đọc và kích thước của tệp rồi khởi động lại.',
      en: 'Check the path, the read permission and the size of the file, then start again.',
    },
  },
  LT_CONF_PROGRAM_MISSING: {
    status: 500,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: { vi: 'Máy chưa cài: {programs}.', en: 'Not installed on this machine: {programs}.' },
    advice: { vi: 'Chạy lệnh: {command}', en: 'Type: {command}' },
  },
  LT_CONF_SERVER_FAILED: {
    status: 500,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: { vi: 'Không khởi động được {server}.', en: 'The server {server} did not start.' },
    advice: { vi: 'Xem lý do ở cuối tệp {log}.', en: 'The end of {log} says why.' },
  },
})
