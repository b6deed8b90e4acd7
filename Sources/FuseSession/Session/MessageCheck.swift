internal import CFuse3
internal import CLinux
internal import LinuxSystem

/// Whether a message holds what its operation says that it holds.
///
/// libfuse takes the kernel's word for it: it reads structures, names and data behind the header without a look at the length. The kernel keeps
/// its word; this is the second look, so that no message whatever makes the daemon read what is not there, make room for gigabytes, or take
/// `../../etc` for a name in a directory.
enum MessageCheck {
    /// What follows the header: a structure of at least so many bytes, then texts that each end with a zero byte. `names` of them, the first
    /// ones, name something in a directory.
    private struct Shape {
        var body = 0
        var names = 0
        var texts = 0
    }

    private static func shape(_ opcode: UInt32) -> Shape {
        switch fuse_opcode(rawValue: opcode) {
        case FUSE_LOOKUP, FUSE_UNLINK, FUSE_RMDIR: Shape(names: 1)
        case FUSE_FORGET, FUSE_OPEN, FUSE_OPENDIR, FUSE_LISTXATTR, FUSE_ACCESS, FUSE_INTERRUPT, FUSE_BATCH_FORGET, FUSE_SYNCFS:
            Shape(body: 8)
        case FUSE_GETATTR, FUSE_FSYNC, FUSE_FSYNCDIR, FUSE_BMAP: Shape(body: 16)
        // All of it since Linux 5.17.
        case FUSE_INIT: Shape(body: MemoryLayout<fuse_init_in>.size)
        case FUSE_SETATTR: Shape(body: MemoryLayout<fuse_setattr_in>.size)
        case FUSE_SYMLINK: Shape(names: 1, texts: 1)
        case FUSE_MKNOD, FUSE_CREATE: Shape(body: 16, names: 1)
        case FUSE_MKDIR, FUSE_LINK: Shape(body: 8, names: 1)
        case FUSE_RENAME: Shape(body: 8, names: 2)
        case FUSE_RENAME2: Shape(body: 16, names: 2)
        case FUSE_READ, FUSE_WRITE, FUSE_READDIR, FUSE_READDIRPLUS, FUSE_NOTIFY_REPLY: Shape(body: 40)
        case FUSE_RELEASE, FUSE_RELEASEDIR, FUSE_FLUSH, FUSE_POLL, FUSE_LSEEK: Shape(body: 24)
        case FUSE_SETXATTR, FUSE_GETXATTR: Shape(body: 8, texts: 1)
        case FUSE_REMOVEXATTR: Shape(texts: 1)
        case FUSE_GETLK, FUSE_SETLK, FUSE_SETLKW: Shape(body: 48)
        case FUSE_IOCTL, FUSE_FALLOCATE: Shape(body: 32)
        case FUSE_COPY_FILE_RANGE: Shape(body: 56)
        default: opcode == TemporaryFileMessage.opcode ? Shape(body: 16) : Shape()
        }
    }

    /// More than the kernel ever asks for at once.
    private static let mostBytes: UInt32 = 16 << 20

    static func isWhole(_ message: UnsafeRawBufferPointer, _ header: fuse_in_header) -> Bool {
        guard Int(header.len) == message.count else { return false }
        let shape = shape(header.opcode)
        let headerSize = MemoryLayout<fuse_in_header>.size
        guard message.count - headerSize >= shape.body else { return false }
        var rest = unsafe UnsafeRawBufferPointer(rebasing: message[(headerSize + shape.body)...])
        for index in 0..<(shape.names + shape.texts) {
            guard let start = rest.baseAddress, let end = unsafe memchr(start, 0, rest.count) else { return false }
            let length = unsafe end - UnsafeMutableRawPointer(mutating: start)
            let text = unsafe UnsafeRawBufferPointer(start: start, count: length)
            if index < shape.names, unsafe !isName(text) { return false }
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[(length + 1)...])
        }
        return unsafe holdsItsData(message, header.opcode, afterTexts: rest.count)
    }

    /// The sizes that structures give, against what is there.
    private static func holdsItsData(_ message: UnsafeRawBufferPointer, _ opcode: UInt32, afterTexts rest: Int) -> Bool {
        func field(_ offset: Int) -> UInt32 {
            unsafe message.loadUnaligned(fromByteOffset: MemoryLayout<fuse_in_header>.size + offset, as: UInt32.self)
        }
        switch fuse_opcode(rawValue: opcode) {
        // The size follows the handle and the offset.
        case FUSE_READ, FUSE_READDIR, FUSE_READDIRPLUS: return field(16) <= mostBytes
        case FUSE_WRITE: return Int(field(16)) <= rest
        case FUSE_SETXATTR: return Int(field(0)) <= rest
        case FUSE_GETXATTR, FUSE_LISTXATTR: return field(0) <= mostBytes
        case FUSE_BATCH_FORGET: return Int(field(0)) * MemoryLayout<fuse_forget_one>.size <= rest
        default: return true
        }
    }

    private static func isName(_ text: UnsafeRawBufferPointer) -> Bool {
        let dot = UInt8(ascii: ".")
        switch text.count {
        case 0: return false
        case 1: return unsafe text[0] != dot && text[0] != UInt8(ascii: "/")
        case 2 where unsafe text[0] == dot && text[1] == dot: return false
        default: return unsafe memchr(text.baseAddress.unsafelyUnwrapped, Int32(UInt8(ascii: "/")), text.count) == nil
        }
    }

    /// Whether the kernel waits for an answer to this operation.
    static func wantsAnswer(_ opcode: UInt32) -> Bool {
        ![FUSE_FORGET, FUSE_BATCH_FORGET, FUSE_INTERRUPT].contains(fuse_opcode(rawValue: opcode))
    }
}
