internal import AdminInterface

/// Who a request comes from, as far as the connection and the browser say.
struct Visitor: Sendable {
    /// Of the process at the other end, as the connection was taken in.
    var uid: UInt32?
    var port: Int?
    var isPost: Bool
    var host: String?
    var origin: String?
    /// `Sec-Fetch-Site`: what led the browser here.
    var site: String?
}

/// Keeps out who is not the admin's browser on this session's own host name. Every request passes it, also for what is no secret.
struct Gate: Sendable {
    let host: String
    let agentUserID: UInt32

    func admit(_ visitor: Visitor) throws(Problem) {
        guard let uid = visitor.uid, let port = visitor.port else {
            throw Problem(.forbidden, "it cannot be told whose connection this is")
        }
        guard uid != agentUserID else { throw Problem(.forbidden, "the agent does not get to see this page") }
        let authority = "\(host):\(port)"
        // A name that somebody else's server of names leads here (DNS rebinding), or an address.
        guard visitor.host == authority else { throw Problem(.forbidden, "this page is at another host name: the one of the link") }
        // A link or a form on another page, whoever's. Browsers that do not say are let in to read, by the cookie alone.
        if let site = visitor.site, site != "same-origin", site != "none" {
            throw Problem(.forbidden, "another page led here; open the link that 'pinfold web' has printed")
        }
        guard visitor.isPost else { return }
        // Of a form on a page that tells nobody where it is (Referrer-Policy), browsers say "null", and in another header that it is ours.
        guard visitor.origin == "http://\(authority)" || (visitor.origin == "null" && visitor.site == "same-origin") else {
            throw Problem(.forbidden, "this was sent by another page")
        }
    }
}
