internal import DurableFiles
internal import PinfoldConfiguration

extension Main {
    /// Puts the agent's page where it finds it, or says what is in the way. A page of somebody's own is left alone.
    func writeGuide(_ configuration: Configuration) -> String? {
        let path = AgentGuide.path(configuration)
        let text = Array(AgentGuide.text(configuration).utf8)
        do {
            if let there = try DurableFile.read(path) {
                guard there != text, there.starts(with: AgentGuide.mark.utf8) else { return nil }
            }
            try DurableFile.write(text, to: path)
            return nil
        } catch {
            return "the agent's page cannot be written: \(error)"
        }
    }
}
