/// Whether `path` is `ancestor` or lies below it; both absolute.
package func isAtOrBelow(_ path: String, _ ancestor: String) -> Bool {
    path == ancestor || ancestor == "/" || path.hasPrefix(ancestor + "/")
}
