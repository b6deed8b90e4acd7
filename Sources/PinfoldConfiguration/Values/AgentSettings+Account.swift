extension AgentSettings {
    /// The agent's user, found in the system's databases. Root in any form is refused.
    package func account() throws(ConfigurationError) -> UserAccount {
        func fail(_ reason: String) -> ConfigurationError {
            ConfigurationError(
                variable: "AGENT_USER", value: user, reason: reason, accepted: Variable.named("AGENT_USER")?.accepted)
        }
        let account: UserAccount
        do {
            account = try UserAccount.resolve(user)
        } catch {
            switch error {
            case .unreadable: throw fail("not a user")
            case .noSuchUser: throw fail("there is no such user (the set-up makes pinfold-agent: useradd --system pinfold-agent)")
            case .noGroup: throw fail("that uid has no entry, so its group is not known: write uid:gid")
            case .database(let code): throw fail("the user database cannot be asked (errno \(code))")
            }
        }
        guard account.uid != 0 else { throw fail("the agent never runs as root") }
        guard account.gid != 0, !account.groups.contains(0) else { throw fail("the agent never runs with root's group") }
        return account
    }
}
