# Act 7: a page of React's that is open while its client is deployed. Sourced by mount/quickstart.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the names of the place are the quickstart's

# What the visitor does, and what is on the page then.
visits() {
    printf '  visitor: %s\n' "$2"
    output='' code=1
    if kill -0 "$browser" 2>/dev/null && printf '%s\n' "$1" >&"$ask"; then IFS= read -r -t 90 output <&"$said" && code=0; fi
    printf '    %s\n' "$output"
}

act "7. A page that is open stays whole"
say "nginx serves the client that was published beside the server, and Chromium shows it"
mkdir "$place/browser"
# Of a browser that has ended nothing is read.
trap '' PIPE
coproc visitor { exec "$here/mount/demo/visitor" "http://127.0.0.1:$web/" "$place/browser"; }
browser=$visitor_PID
exec {ask}>&"${visitor[1]}" {said}<&"${visitor[0]}"
visits open 'opens the page'
worked "a page of React's, built from the commit, confined and without network" "The village pound"
say "the agent changes the page, and deploys it from a program of its own, by the action"
agent "cd code-repo && git revert --no-edit HEAD >/dev/null && sed -i 's/The village pound/The new pound/' client/src/main.jsx && sed -i 's/Stray animals/All that strays/; s/are kept/is kept/' client/src/story.jsx && /usr/bin/python3 ../sandbox/deploy.py 'Name the page anew'"
worked "the action waits, and has the seed's six fields" '"deployed": true'
visits more "presses the button of the page that is still open, whose script is of the old version"
worked "what it fetches only now is still there" "The village pound: Stray animals are kept here."
visits open 'opens the page once more'
worked "and whoever comes now gets the new one" "The new pound"
kill "$browser"
wait "$browser" 2>/dev/null
browser=''
