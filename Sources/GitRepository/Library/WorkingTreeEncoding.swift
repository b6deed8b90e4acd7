internal import CLibgit2
internal import CLinux

/// The attribute `working-tree-encoding` (`man 5 gitattributes`): such a file is UTF-8 in its commit and something else in the working directory. Git
/// converts it itself; libgit2 does not know the attribute, so that what it checked out and staged would not be what git takes it for.
enum WorkingTreeEncoding {
    private static let attribute = "working-tree-encoding"

    /// For the whole process, and once.
    static func register() {
        // libgit2 keeps the pointers.
        let filter = UnsafeMutablePointer<git_filter>.allocate(capacity: 1)
        unsafe git_filter_init(filter, UInt32(GIT_FILTER_VERSION))
        unsafe filter.pointee.attributes = UnsafePointer(strdup("\(attribute)=*"))
        unsafe filter.pointee.check = { _, payload, _, values in
            guard let value = unsafe values?[0], let payload = unsafe payload,
                unsafe git_attr_value(value) == GIT_ATTR_VALUE_STRING,
                unsafe !WorkingTreeEncoding.isUTF8(String(cString: value))
            else { return GIT_PASSTHROUGH.rawValue }
            unsafe payload.pointee = unsafe UnsafeMutableRawPointer(strdup(value))
            return 0
        }
        unsafe filter.pointee.apply = { _, payload, to, from, source in
            guard let name = unsafe payload?.pointee, let from = unsafe from else { return GIT_PASSTHROUGH.rawValue }
            return unsafe WorkingTreeEncoding.convert(
                named: String(cString: name.assumingMemoryBound(to: CChar.self)), from.pointee, to,
                isCheckout: git_filter_source_mode(source) == GIT_FILTER_TO_WORKTREE)
        }
        unsafe filter.pointee.cleanup = { _, payload in unsafe free(payload) }
        // After line ends and ident on the way out, before them on the way in.
        unsafe git_filter_register("pinfold-\(attribute)", filter, 150)
    }

    private static func convert(
        named encoding: String, _ from: git_buf, _ to: UnsafeMutablePointer<git_buf>?, isCheckout: Bool
    ) -> Int32 {
        guard unsafe from.size > 0 else { return GIT_PASSTHROUGH.rawValue }
        let bytes = unsafe UnsafeRawBufferPointer(start: from.ptr, count: from.size)
        let result = isCheckout ? unsafe encoded(bytes, encoding) : unsafe decoded(bytes, encoding)
        guard let result else {
            // As git does: checked out as it is, and not committed.
            if isCheckout { return GIT_PASSTHROUGH.rawValue }
            unsafe git_error_set_str(Int32(GIT_ERROR_FILTER.rawValue), "it is not the \(encoding) that \(attribute) says")
            return -1
        }
        return unsafe git_buf_set(to, result, result.count)
    }

    /// UTF-8 as `encoding`; nil where that cannot be.
    static func encoded(_ bytes: UnsafeRawBufferPointer, _ encoding: String) -> [UInt8]? {
        // Little endian with a mark, which no iconv has a name for.
        if encoding.uppercased() == "UTF-16LE-BOM" {
            return unsafe converted(bytes, from: "UTF-8", to: "UTF-16LE").map { [0xff, 0xfe] + $0 }
        }
        return unsafe converted(bytes, from: "UTF-8", to: encoding)
    }

    /// The other way round. A mark of the byte order has to be there where the name leaves that open, and must not where it says it.
    static func decoded(_ bytes: UnsafeRawBufferPointer, _ encoding: String) -> [UInt8]? {
        let name = encoding.uppercased().replacing("UTF16", with: "UTF-16").replacing("UTF32", with: "UTF-32")
        let marks: [[UInt8]] =
            name.hasPrefix("UTF-32") ? [[0, 0, 0xfe, 0xff], [0xff, 0xfe, 0, 0]] : [[0xfe, 0xff], [0xff, 0xfe]]
        let isMarked = marks.contains { unsafe bytes.starts(with: $0) }
        switch name {
        case "UTF-16", "UTF-32": if !isMarked { return nil }
        case "UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE": if isMarked { return nil }
        default: break
        }
        return unsafe converted(bytes, from: name == "UTF-16LE-BOM" ? "UTF-16" : encoding, to: "UTF-8")
    }

    /// `man 3 iconv`, strictly: nothing is left out or replaced.
    private static func converted(_ bytes: UnsafeRawBufferPointer, from source: String, to target: String) -> [UInt8]? {
        // A name and nothing else: `//TRANSLIT` behind it would have characters replaced.
        guard [source, target].allSatisfy({ $0.utf8.allSatisfy(isNameByte) }), let descriptor = unsafe iconv_open(target, source),
            Int(bitPattern: descriptor) != -1
        else { return nil }
        defer { unsafe iconv_close(descriptor) }
        var input = unsafe UnsafeMutablePointer(mutating: bytes.assumingMemoryBound(to: CChar.self).baseAddress)
        var inputLeft = bytes.count
        var result: [UInt8] = []
        var buffer = [CChar](repeating: 0, count: 1 << 16)
        var isFlushing = false
        while true {
            var code: Int32 = 0
            let produced = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
                var output = buffer.baseAddress
                var outputLeft = buffer.count
                // The last call asks for what a stateful encoding still has to say.
                let count =
                    if isFlushing {
                        unsafe iconv(descriptor, nil, nil, &output, &outputLeft)
                    } else {
                        unsafe iconv(descriptor, &input, &inputLeft, &output, &outputLeft)
                    }
                if count == -1 { code = pinfold_errno() }
                return buffer.count - outputLeft
            }
            result += buffer[..<produced].map { UInt8(bitPattern: $0) }
            if code == E2BIG { continue }
            guard code == 0 else { return nil }
            if isFlushing { return result }
            isFlushing = true
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-_.:+()".utf8.contains(byte)
        }
    }

    private static func isUTF8(_ encoding: String) -> Bool { ["UTF-8", "UTF8"].contains(encoding.uppercased()) }
}
