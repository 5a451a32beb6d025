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
  LT_BACKUP_UNFINISHED: {
    status: 409,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: '{path}: một lần sao lưu hoặc dọn dẹp đang chạy hoặc đã bị ngắt.',
      en: '{path}: a backup or a pruning is under way there, or was broken off.',
    },
    advice: {
      vi: 'Chờ lần đang chạy kết thúc. Nếu không còn lần nào chạy, hãy xóa thư mục này: không bản sao lưu nào được giữ cần đến nó.',
      en: 'Wait for the one that runs. If none runs, remove this folder: no backup that is kept needs it.',
    },
  },
  LT_BACKUP_WAL_INCOMPLETE: {
    status: 409,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Kho lưu trữ WAL {path} không đủ: {reason}',
      en: 'The archive of the write-ahead log {path} is not complete: {reason}',
    },
    advice: {
      vi: 'Tìm đoạn WAL bị thiếu hoặc hỏng, hoặc đưa đúng thư mục. Nếu không còn đoạn đó: xóa nơi khôi phục dở dang và dùng --until để dừng trước chỗ thiếu, hoặc bỏ --wal.',
      en: 'Find the segment that is missing or damaged, or give the right folder. If it is gone: remove the place that was half restored and end before it with --until, or leave --wal out.',
    },
  },
  LT_BACKUP_KEYS_UNUSABLE: {
    status: 409,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: '{path} không phải tệp khóa của trục sao chép được.',
      en: '{path} is no key of the axis that can be copied.',
    },
    advice: {
      vi: 'Kiểm tra KEY_DIR: thư mục phải có receipt.key.pem; liên kết trỏ ra thư mục khác không được sao chép.',
      en: 'Check KEY_DIR: receipt.key.pem has to be in it; links to folders elsewhere are not copied.',
    },
  },
  LT_BACKUP_CONTENT_MISSING: {
    status: 409,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: '{path} không có tệp nội dung nào mà cơ sở dữ liệu nêu.',
      en: '{path} holds none of the content that the database names.',
    },
    advice: {
      vi: 'Kiểm tra BLOB_DIR và ổ đĩa chứa nội dung đã được gắn.',
      en: 'Check BLOB_DIR, and that the disk with the content is mounted.',
    },
  },
  LT_BACKUP_CHECKPOINT_FOREIGN: {
    status: 400,
    actor: 'axis',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Điểm kiểm tra là của nhật ký {found}, không phải {origin}.',
      en: 'The checkpoint is of the log {found}, not of {origin}.',
    },
    advice: {
      vi: 'Đưa điểm kiểm tra cuối cùng của chính trục này.',
      en: 'Give the last checkpoint of this very axis.',
    },
  },
})
