"""A program of the agent's own: it deploys what is changed in code-repo, by the action. deploy.py MESSAGE"""

import sys

from pinfold_agent.action import DeployAgentCodeAction, DeployAgentCodeInput

output = DeployAgentCodeAction().run(DeployAgentCodeInput(commit_message=sys.argv[1]))
print(output.model_dump_json(indent=2))
sys.exit(not output.success)
