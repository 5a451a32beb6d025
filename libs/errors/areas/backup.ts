import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_BACKUP_…`: copies of the axis and what is made of them again. */
export const backupErrors = defineErrors({
  LT_BACKUP_PLACE_IN_USE: {
    status: 409,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '21',
    title: { vi: '{path} không trống.', en: '{path} is not empty.' },
    advice: {
      vi: 'Chọn nơi chưa có hoặc trống; lệnh này không bao giờ ghi đè dữ liệu đang có.',
      en: 'Choose a place that does not exist or is empty; this command never overwrites what is there.',
    },
  },
  LT_BACKUP_PROGRAM_FAILED: {
    status: 503,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '20',
    title: { vi: '{program} không chạy xong: {reason}', en: '{program} did not succeed: {reason}' },
    advice: {
      vi: 'Sửa nguyên nhân nêu trên (kết nối, quyền REPLICATION của lt_backup, dòng replication trong pg_hba.conf, dung lượng đĩa) rồi chạy lại.',
      en: 'Mend what is named above (connection, REPLICATION right of lt_backup, the replication line of pg_hba.conf, disk space) and run it again.',
    },
  },
  LT_BACKUP_DAMAGED: {
    status: 409,
    actor: 'axis',
    retry: 'never',
    vxpCode: '21',
    title: { vi: 'Bản sao lưu không dùng được: {path}: {reason}', en: 'The backup cannot be used: {path}: {reason}' },
    advice: {
      vi: 'Dùng bản sao lưu khác; giữ nguyên bản này để tìm nguyên nhân.',
      en: 'Use another backup, and keep this one to find out why.',
    },
  },
  LT_BACKUP_RECOVERY_FAILED: {
    status: 409,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '21',
    title: { vi: 'PostgreSQL không khôi phục được: {reason}', en: 'PostgreSQL could not recover: {reason}' },
    advice: {
      vi: 'Kiểm tra --until, --wal và phiên bản PostgreSQL; xóa nơi khôi phục dở dang rồi chạy lại.',
      en: 'Check --until, --wal and the version of PostgreSQL; remove the place that was half restored and run it again.',
    },
  },
  LT_BACKUP_CHECKPOINT_UNREADABLE: {
    status: 400,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '21',
    title: { vi: 'Tệp {path} không phải điểm kiểm tra của nhật ký.', en: '{path} is no checkpoint of the log.' },
    advice: {
      vi: 'Đưa tệp điểm kiểm tra cuối cùng như trục đã công bố: nguồn, kích thước, gốc cây, mỗi mục một dòng.',
      en: 'Give the last checkpoint as the axis published it: origin, size and root, one line each.',
    },
  },
  LT_BACKUP_LOG_BUSY: {
    status: 409,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Một dịch vụ audit đang ghi vào nhật ký này.',
      en: 'An audit service is writing to this log.',
    },
    advice: {
      vi: 'Dừng mọi dịch vụ trước khi mở kỳ nhật ký mới.',
      en: 'Stop all services before a new epoch of the log is opened.',
    },
  },
})
