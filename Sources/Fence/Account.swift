internal import LinuxSystem

/// The command's user as programs find it: what `getpwuid` answers is what HOME and USER say. Java, ssh and whatever else asks the list of users
/// would look elsewhere than where the command can write.
package struct Account {
    /// The host's list (`man 5 passwd`), in which the user's home is the command's; nil where it says so already.
    package let passwords: [UInt8]?
    /// What `getpwuid` answers: the first name with that number, or the one that the user was named by.
    package let name: String

    private static let path = "/etc/passwd"

    package init(of user: FenceUser, home: String) {
        let text = (try? readWholeFile(Self.path)) ?? []
        let number = Array(String(user.uid).utf8)
        let wanted = Array(home.utf8)
        var written: [UInt8] = []
        // What of the text is in `written`.
        var copied = text.startIndex
        var name: String?
        for line in text.split(separator: UInt8(ascii: "\n")) {
            // The walk over every user's line is in the way of each start: as little as can be is made of it.
            guard let first = line.firstIndex(of: UInt8(ascii: ":")),
                let second = line[(first + 1)...].firstIndex(of: UInt8(ascii: ":")), line[(second + 1)...].starts(with: number)
            else { continue }
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard fields.count == 7, fields[2].elementsEqual(number) else { continue }
            if name == nil { name = String(decoding: fields[0], as: UTF8.self) }
            if fields[5].elementsEqual(wanted) { continue }
            written += text[copied..<fields[5].startIndex] + wanted
            copied = fields[5].endIndex
        }
        self.name = name ?? user.name
        // A home with these in it cannot be said there.
        guard !wanted.contains(UInt8(ascii: ":")), !wanted.contains(UInt8(ascii: "\n")), name == nil || copied > text.startIndex
        else {
            passwords = nil
            return
        }
        written += text[copied...]
        if written.last != UInt8(ascii: "\n") { written.append(UInt8(ascii: "\n")) }
        if name == nil { written += Array("\(user.name):x:\(user.uid):\(user.gid)::\(home):/bin/sh\n".utf8) }
        passwords = written
    }

    /// What lies over the list of users, where that is shown.
    package func mounts(whereShown shown: String?) -> [Fence.Mount] {
        guard let passwords, let shown, let kind = FileKind.at(shown), kind != .directory, kind != .symbolicLink else { return [] }
        return [.file(at: Self.path, passwords)]
    }
}
