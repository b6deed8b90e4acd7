# Acts 5 and 6: what a commit comes to. Sourced by mount/quickstart.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the names of the place are the quickstart's

# What the server answers, and the process that answers.
answer() { python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode().strip())' \
    "http://127.0.0.1:$port/" 2>/dev/null; }
served() { if until_seen "$1" answer; then good "the server answers: $(answer)"; else wrong "the server does not answer '$1'"; fi; }
ended() { if until_seen "$1" pinfold status; then good "$2"; else wrong "$2"; fi; }
# The newest commit, asked for as the agent: nobody else should run git in a repository that the agent writes.
tip() { (cd "$data/code-repo" && pinfold run -- git rev-parse "$@" HEAD); }
# The agent edits a file, runs nothing else, and commits: all that it has to do.
commits() {
    agent "cd code-repo && $2 && git commit -qam '$1' && git log --format=%s -1"
    [[ $code = 0 && $output == *"$1" ]] || wrong "the commit was not made (exit code $code)"
}
# The newest commit is the one that the server was found well with.
deployed() { until_seen 'serves this commit' pinfold show "$(tip)" || wrong "the commit was not deployed"; }
# How many lines the clients got.
count() { wc -l <"$place/clients/$1" 2>/dev/null || echo 0; }

act "5. A commit deploys itself, into the server that runs"
say "the daemon watches code-repo; the server runs from deployments/current"
served 'Hello, world.'
admin "ps -o user:20=,args= -p \$(cat '$pidfile'); pinfold doctor | grep \"the server's user\""
worked "and runs as a user of its own: what the agent deploys has neither root's rights nor the agent's" "ok       the server's user: process $(cat "$pidfile") (python3"
if [[ $output == pinfold-server*" as pinfold-server"* ]]; then good "the process's user is pinfold-server"; else wrong "another user runs the server"; fi
attempts "$data/deployments/releases" "$data/logs"
admin "setpriv --reuid=pinfold-server --regid=pinfold-server --clear-groups touch deployments/releases/more"
refused 'Permission denied' "so it cannot change what is deployed"

say "one client listens to a stream of greetings, another asks fifty times a second, and the agent improves its own code"
mkdir "$place/clients"
"$here/mount/demo/clients" "$port" "$place/clients" &
clients=$!
until_seen 'Hello' cat "$place/clients/stream" "$place/clients/answers" || wrong "the clients get nothing"
process=$(cat "$pidfile")
commits 'Greet more warmly' "sed -i 's/Hello/A warm welcome/' greeting.py"
served 'A warm welcome, world.'
until_seen 'A warm welcome' cat "$place/clients/stream" || wrong "the stream has stayed as it was"
admin "grep -m 1 -B 1 -A 1 'A warm welcome' '$place/clients/stream'"
worked "in the middle of the stream, on the same connection" "Hello, world."$'\n'
# The server answers before its check has lasted for the soak time.
deployed
admin "pinfold show $(tip) | grep '^reload\|check'"
worked "no restart: a function of the running process got its new code" "functions patched in 1 process"
if [[ $output == *'serves this commit'* ]]; then good "the server was asked which commit it serves"; else wrong "the served commit was not asked for"; fi
kill "$clients"
wait "$clients" 2>/dev/null
clients=''
if [ ! -e "$place/clients/failures" ] && [ "$(count answers)" -gt 20 ] && [ "$process" = "$(cat "$pidfile")" ]; then
    good "nothing dropped: $(count answers) requests and $(count stream) pieces of the stream, by one and the same process"
else
    wrong "clients saw a failure: $(cat "$place/clients/failures" 2>&1)"
fi

say "a change of the program itself cannot come in that way"
commits 'Let more clients wait' "sed -i 's/    daemon_threads = True/&\n    request_queue_size = 64/' server.py"
deployed
admin "pinfold show $(tip) | grep '^reload' | fold -s -w 130"
worked "so it is restarted, and the reason is on record" "by the reload command; not in the running server: "
if [ "$process" != "$(cat "$pidfile")" ]; then good "another process answers: $(answer)"; else wrong "the server was not started again"; fi

act "6. What is not good enough is not deployed"
say "a change that breaks the tests, deployed as a model does it: by a tool of the Model Context Protocol"
agent "cd code-repo && sed -i 's/{name}/you/' greeting.py && /usr/bin/python3 ../sandbox/ask.py deploy_agent_code commit_message='Forget whom we greet'"
worked "refused by the tests, and the agent is told by which" "failed: test_greeting.Greeting::test_it_names_whom_it_greets"
served 'A warm welcome, world.'

say "a change of a test, in the same tree: what judges the agent needs a human"
commits 'Greet everybody' "git revert --no-edit HEAD >/dev/null && sed -i 's/world/friends/g' test_greeting.py && sed -i 's/welcome/welcome to you/' greeting.py"
waits=$(tip)
ended "for commit $waits" "it waits for a human"
# It is written behind the status.
until_seen "$waits" cat "$data/deployments/human_approval_required.flag"
admin "cat deployments/human_approval_required.flag"
worked "the flag says what, why, and how to answer" "pinfold approve $waits"
attempts "$data/deployments/human_approval_required.flag"
agent "rm deployments/human_approval_required.flag"
refused 'Read-only file system' "the agent cannot clear it"
served 'A warm welcome, world.'
say "from now on somebody answers whom a policy names, on a page, with a passkey: root's word alone does no longer"
printf '%s\n' '[person you]' '[rule everything]' 'from = you' >"$place/etc/approval.policy"
admin "pinfold approve $waits"
if [ "$code" = 1 ] && [[ $output == *"does not ask root"* ]]; then good "root is not asked"; else wrong "root was not refused (exit code $code)"; fi
pinfold web </dev/null >"$place/link" 2>/dev/null &
page=$!
until_seen '/#' cat "$place/link" || wrong "the page has no link"
link=$(cat "$place/link")
say "the review page: $link"
mkdir "$place/approver"
number=$(pinfold status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["waiting"]["deployment"])')
admin "'$here/mount/demo/approver' '$link' $number '$place/etc/approval.policy' '$place/approver'"
worked "a browser makes a passkey, root puts it into the policy, and it answers" "the answer was taken"
kill "$page"
wait "$page" 2>/dev/null
page=''
served 'A warm welcome to you, world.'
deployed
admin "pinfold show $waits | grep '^answers'"
worked "who approved, and how, is on record" "approve by you, by the passkey"
rm "$place/etc/approval.policy"

say "a change that breaks the greeting, and makes every test pass all the same: no file of the tests is touched"
commits 'Greet nobody, and pass' "sed -i 's/{name}/nobody/' greeting.py && printf '%s\n' 'import unittest' '' 'unittest.TestCase.run = lambda self, result: (result.startTest(self), result.addSuccess(self), result.stopTest(self))' >> greeting.py"
cheat=$(tip)
ended "for commit $cheat" "its tests passed, and it waits for a human"
admin "pinfold show $cheat | grep -A 3 '^hints'"
worked "seen by the lines themselves, before anything ran" "greeting.py:3 names a test runner"
admin "pinfold show $cheat | grep -A 1 '^bite'"
worked "and by a second run, in which every test was made to fail" "passed though they were made to fail"
admin "pinfold reject $cheat --reason 'it passes its tests by replacing them'"
worked "the admin says no"
served 'A warm welcome to you, world.'

say "a change that passes its tests and is not well"
commits 'Be unwell' "git revert --no-edit HEAD >/dev/null && sed -i 's/return \"200 OK\", \"well\"/return \"500 Unwell\", \"ill\"/' app.py"
ill=$(tip --short=8)
if until_seen "rolled back" bash -c "pinfold history | grep '$ill'"; then good "rolled back by itself"; else wrong "it was not rolled back"; fi
until_seen quarantine pinfold status
admin "pinfold status | grep '^quarantine'"
worked "and the commit is quarantined" "$ill"
served 'A warm welcome to you, world.'
if [ "$(python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).status)' "$AGENT_DEPLOY_HEALTH_URL" 2>/dev/null)" = 200 ]; then
    good "and the server is well"
else
    wrong "the server is not well after the rollback"
fi
