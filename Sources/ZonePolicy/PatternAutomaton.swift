internal import Patterns
import Synchronization

/// All patterns at once, as one automaton over names: a state says how far each pattern has matched on the way from `/` to a directory.
///
/// States are made when a name first leads to them and never go away; nearly every name of a real tree matches nothing and stays in the
/// state's `fallback`, which takes no lock. A place carries a state's index.
@safe final class PatternAutomaton: @unchecked Sendable {
    // @unchecked: a slot of `states` is written once, under the lock of `known`, before its index leaves this class; whoever holds an index
    // got it from there, so he sees the slot.
    private let states: UnsafeMutablePointer<State?>
    private let known: Mutex<[Key: Place]>
    private let patterns: [Pattern]
    private let words: Int
    /// For each pattern the highest position that is active at the root of each zone: what lies beyond was reached inside the zone.
    private var baselines: [Zone: [Int]] = [:]

    static let capacity = 8192

    /// What a pattern is for.
    enum Purpose: Sendable, Hashable {
        case enters(Zone)
        /// Everywhere, or outside the zones only.
        case hides(inZones: Bool)
        /// Floating ones hold in code-repo, anchored ones in every zone.
        case protects
    }

    struct Pattern: Sendable {
        let glob: Glob
        let purpose: Purpose
        /// The bit of position 0; the pattern has `glob.segments.count + 1` positions, the last of which means that it has matched.
        var offset = 0
        var end: Int { glob.segments.count }

        init(_ glob: Glob, _ purpose: Purpose) {
            self.glob = glob
            self.purpose = purpose
        }
    }

    struct Key: Hashable {
        let zone: Zone
        let bits: [UInt64]
    }

    final class State: Sendable {
        /// What names are tried against, with the positions that a match makes active.
        let tests: [(segment: Segment, bits: [UInt64])]
        /// Positions that stay active whatever the name.
        let kept: [UInt64]
        /// Where a name leads that passes no test.
        let fallback: Place
        let hiddenBy: Int?
        let protectedBy: Int?

        init(tests: [(segment: Segment, bits: [UInt64])], kept: [UInt64], fallback: Place, hiddenBy: Int?, protectedBy: Int?) {
            self.tests = tests
            self.kept = kept
            self.fallback = fallback
            self.hiddenBy = hiddenBy
            self.protectedBy = protectedBy
        }
    }

    /// The place of `/`.
    private(set) var root = Place(rawValue: 0)

    /// - Parameter rootZone: the zone of `/`: the view if the source is `/`.
    init(_ patterns: [Pattern], rootZone: Zone) {
        var offset = 0
        self.patterns = patterns.map { pattern in
            var pattern = pattern
            pattern.offset = offset
            offset += pattern.end + 1
            return pattern
        }
        words = (offset + 63) / 64
        unsafe states = .allocate(capacity: Self.capacity)
        unsafe states.initialize(repeating: nil, count: Self.capacity)
        known = Mutex([:])
        // State 0 is where every name goes once the table is full, which takes thousands of combinations of `**`: hidden, so that no rule is lost.
        unsafe states[0] = State(
            tests: [], kept: [], fallback: Self.exhausted, hiddenBy: nil, protectedBy: nil)
        var bits = [UInt64](repeating: 0, count: max(words, 1))
        for pattern in self.patterns where pattern.glob.isAnchored || pattern.purpose != .protects {
            Self.set(pattern.offset, &bits)
        }
        root = known.withLock { table in intern(bits, rootZone, &table) }
    }

    deinit {
        unsafe states.deinitialize(count: Self.capacity)
        unsafe states.deallocate()
    }

    private static let exhausted = Place(state: 0, zone: .outside, hidden: true, protected: true, passage: true)

    /// Notes what is active at a zone's root. Called while the policy is made, before any child of that zone's root is asked for.
    func setBaseline(of zone: Zone, at root: Place) {
        let bits = known.withLock { table in table.first { $0.value == root }?.key.bits } ?? []
        baselines[zone] = patterns.map { pattern in
            (0...pattern.end).last { position in bits.isEmpty ? false : Self.isSet(pattern.offset + position, bits) } ?? 0
        }
    }

    func child(of parent: Place, named name: borrowing Span<UInt8>) -> Place {
        if parent.isHidden { return parent }
        let state = self.state(of: parent)
        var bits: [UInt64]?
        for index in state.tests.indices where state.tests[index].segment.matches(name) {
            var union = bits ?? state.kept
            for word in union.indices { union[word] |= state.tests[index].bits[word] }
            bits = union
        }
        guard let bits else { return state.fallback }
        return known.withLock { table in intern(bits, parent.zone, &table) }
    }

    func hidingPattern(of place: Place) -> String? { state(of: place).hiddenBy.map { patterns[$0].glob.description } }
    func protectingPattern(of place: Place) -> String? { state(of: place).protectedBy.map { patterns[$0].glob.description } }

    /// A pattern that is on its way to a match below `place`.
    func passingPattern(of place: Place) -> String? {
        let bits = known.withLock { table in table.first { $0.value == place }?.key.bits }
        guard let bits else { return nil }
        return patterns.indices.first { isPassing(patterns[$0], $0, place.zone, bits) }.map { patterns[$0].glob.description }
    }

    /// A pattern that can match below `place`, however far it has come there.
    func reachingPattern(of place: Place) -> String? {
        let bits = known.withLock { table in table.first { $0.value == place }?.key.bits }
        guard let bits else { return nil }
        return patterns.first { pattern in
            if case .enters = pattern.purpose { return false }
            return (0..<pattern.end).contains { Self.isSet(pattern.offset + $0, bits) }
        }?.glob.description
    }

    private func state(of place: Place) -> State {
        guard place.state < Self.capacity, let state = unsafe states[place.state] else {
            preconditionFailure("a place of another policy")
        }
        return state
    }

    // MARK: making states, with the lock of `known` held

    private func intern(_ reached: [UInt64], _ from: Zone, _ table: inout [Key: Place]) -> Place {
        var bits = reached
        let zone = enter(from, &bits)
        // `**` also stands for no directory: its successor is active with it. At the end of a pattern it stands for one name at least.
        for pattern in patterns {
            for position in 0..<(pattern.end - 1) where pattern.glob.segments[position] == .anyDepth {
                if Self.isSet(pattern.offset + position, bits) { Self.set(pattern.offset + position + 1, &bits) }
            }
        }
        let hiddenBy = patterns.indices.first { index in
            guard case .hides = patterns[index].purpose else { return false }
            return Self.isSet(patterns[index].offset + patterns[index].end, bits)
        }
        let protectedBy = patterns.indices.first {
            patterns[$0].purpose == .protects && Self.isSet(patterns[$0].offset + patterns[$0].end, bits)
        }
        if let hiddenBy {
            // All that is below is hidden too: one state for each pattern is enough.
            bits = [UInt64](repeating: 0, count: bits.count)
            Self.set(patterns[hiddenBy].offset + patterns[hiddenBy].end, &bits)
        }
        let key = Key(zone: zone, bits: bits)
        if let place = table[key] { return place }
        guard table.count + 1 < Self.capacity else { return Self.exhausted }
        let index = table.count + 1
        let passage = patterns.indices.contains { isPassing(patterns[$0], $0, zone, bits) }
        let place = Place(
            state: index, zone: zone, hidden: hiddenBy != nil, protected: protectedBy != nil, passage: passage && protectedBy == nil
        )
        table[key] = place
        let (kept, tests) = transitions(bits)
        // What stays active whatever the name stays so for ever: this ends at the second step.
        let fallback = kept == bits ? place : intern(kept, zone, &table)
        unsafe states[index] = State(tests: tests, kept: kept, fallback: fallback, hiddenBy: hiddenBy, protectedBy: protectedBy)
        return place
    }

    /// Steps over the border of a zone if a pattern that leads there has matched.
    private func enter(_ from: Zone, _ bits: inout [UInt64]) -> Zone {
        var zone = from
        for pattern in patterns {
            guard case .enters(let other) = pattern.purpose, Self.isSet(pattern.offset + pattern.end, bits) else { continue }
            if other == .view ? zone == .outside : zone == .view { zone = other }
            Self.clear(pattern.offset + pattern.end, &bits)
        }
        guard zone != from, zone.isWritable else { return zone }
        for pattern in patterns {
            switch pattern.purpose {
            case .enters, .hides(inZones: false):
                for position in 0..<pattern.end { Self.clear(pattern.offset + position, &bits) }
            case .protects where !pattern.glob.isAnchored && zone == .codeRepo: Self.set(pattern.offset, &bits)
            case .hides, .protects: break
            }
        }
        return zone
    }

    private func transitions(_ bits: [UInt64]) -> (kept: [UInt64], tests: [(segment: Segment, bits: [UInt64])]) {
        var kept = [UInt64](repeating: 0, count: bits.count)
        var tests: [Segment: [UInt64]] = [:]
        for pattern in patterns {
            for position in 0...pattern.end where Self.isSet(pattern.offset + position, bits) {
                if position == pattern.end {
                    // What has matched stays matched below.
                    Self.set(pattern.offset + position, &kept)
                    continue
                }
                let segment = pattern.glob.segments[position]
                let floats = position == 0 && !pattern.glob.isAnchored
                if floats || segment == .anyDepth { Self.set(pattern.offset + position, &kept) }
                if segment != .anyDepth {
                    Self.set(pattern.offset + position + 1, &tests[segment, default: [UInt64](repeating: 0, count: bits.count)])
                } else if position + 1 == pattern.end {
                    // A trailing `**`: whatever the name, it is a match.
                    Self.set(pattern.offset + position + 1, &kept)
                }
            }
        }
        return (kept, tests.map { (segment: $0.key, bits: $0.value) })
    }

    private func isPassing(_ pattern: Pattern, _ index: Int, _ zone: Zone, _ bits: [UInt64]) -> Bool {
        guard zone.isWritable, let baseline = baselines[zone]?[index] else { return false }
        if case .enters = pattern.purpose { return false }
        guard baseline + 1 < pattern.end else { return false }
        return ((baseline + 1)..<pattern.end).contains { Self.isSet(pattern.offset + $0, bits) }
    }

    private static func isSet(_ bit: Int, _ bits: [UInt64]) -> Bool { bits[bit >> 6] & 1 << UInt64(bit & 63) != 0 }
    private static func set(_ bit: Int, _ bits: inout [UInt64]) { bits[bit >> 6] |= 1 << UInt64(bit & 63) }
    private static func clear(_ bit: Int, _ bits: inout [UInt64]) { bits[bit >> 6] &= ~(1 << UInt64(bit & 63)) }
}
