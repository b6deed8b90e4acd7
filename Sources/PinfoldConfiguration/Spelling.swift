/// The word of `known` that `word` may have been meant to be; nil where every one differs in more than a slip of the finger.
package func closest(to word: String, among known: [String]) -> String? {
    let ranked = known.map { (word: $0, distance: editDistance(Array(word.utf8), Array($0.utf8))) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(2, word.utf8.count / 5) ? best.word : nil
}

/// Levenshtein's distance over bytes.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let above = row[j + 1]
            row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
            diagonal = above
        }
    }
    return row[b.count]
}
