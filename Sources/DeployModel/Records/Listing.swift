/// How many bytes of texts a list in a record has at most: the agent chooses names and lines, and a record is kept for ever, and sent with others.
private let mostBytes = 16 << 10

extension Sequence {
    /// The first `count` of them, or as many as have 16 KiB of texts together, but at least one: what a record lists.
    package func listed(_ count: Int, bytes size: (Element) -> Int) -> [Element] {
        var (list, bytes): ([Element], Int) = ([], 0)
        for element in self {
            bytes += size(element)
            guard list.count < count, list.isEmpty || bytes <= mostBytes else { break }
            list.append(element)
        }
        return list
    }
}

extension Sequence<String> {
    /// The first `count` of them, or as many as have 16 KiB together, but at least one: what a record lists.
    package func listed(_ count: Int) -> [String] { listed(count) { $0.utf8.count } }
}

/// What a record says of those that a list of it leaves out: nil where it lists all.
package func unlisted(_ list: some Collection, of all: Int) -> Int? { all > list.count ? all - list.count : nil }
