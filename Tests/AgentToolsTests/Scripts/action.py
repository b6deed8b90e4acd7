"""An agent's program that uses the seed's action: action.py PACKAGE MESSAGE [force]. Prints the output, or the error, as JSON."""

import json
import sys

sys.path.insert(0, sys.argv[1])

from pinfold_agent.action import ActionOutput, DeployAgentCodeAction, DeployAgentCodeInput, DeployAgentCodeOutput, PinfoldError

assert issubclass(DeployAgentCodeOutput, ActionOutput)
assert list(DeployAgentCodeInput.model_fields) == ["commit_message", "force_deploy"]
states = []
action = DeployAgentCodeAction(progress=lambda record: states.append(record["state"]))
try:
    output = action.run(DeployAgentCodeInput(commit_message=sys.argv[2], force_deploy=len(sys.argv) > 3))
except PinfoldError as error:
    print(json.dumps({"kind": error.kind, "message": str(error), "exit_code": error.exit_code}))
else:
    print(json.dumps(dict(output.model_dump(), states=states)))
