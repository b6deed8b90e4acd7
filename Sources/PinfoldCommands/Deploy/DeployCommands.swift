internal import ArgumentParser

/// The commands that talk to the deploy daemon.
let deployCommands: [any ParsableCommand.Type] = [
    DeployCommand.self,
    StatusCommand.self,
    HistoryCommand.self,
    ShowCommand.self,
    LogsCommand.self,
    DiffCommand.self,
    WebCommand.self,
    PolicyCommand.self,
    ApproveCommand.self,
    RejectCommand.self,
    RollbackCommand.self,
    ReloadCommand.self,
    LiftCommand.self,
    HoldCommand.self,
    ResumeCommand.self,
    McpCommand.self,
]
