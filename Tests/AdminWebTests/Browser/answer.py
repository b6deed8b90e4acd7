"""Answers what waits, in a real browser: LINK DEPLOYMENT POLICY approve|reject. A virtual authenticator is the person's; the line that the page shows for it is
put under `[person ada]` in the file POLICY, as root does it.
"""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "mount" / "checks"))
from held import FAILED, hold  # noqa: E402
from tab import Tab  # noqa: E402


def main():
    link, deployment, policy, verdict = sys.argv[1:5]
    base = link.split("/#")[0]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        browser = Tab(directory)
        try:
            visit(browser, link, base, deployment, pathlib.Path(policy), verdict)
        finally:
            browser.end()
    sys.exit(1 if FAILED else 0)


def visit(browser, link, base, deployment, policy, verdict):
    review = f"{base}/deployments/{deployment}/review"
    browser.ask("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    authenticator = browser.ask("WebAuthn.addVirtualAuthenticator", options=options)["authenticatorId"]
    browser.go(link)
    browser.until("document.title.startsWith('Now')")
    browser.go(review)
    hold("without a passkey in the policy there is no form", browser.js("document.getElementById('answer') === null"))
    browser.go(base + "/people")
    hold("a form makes passkeys", browser.js("!document.getElementById('new-passkey').hidden"))
    browser.js("document.querySelector('#new-passkey input').value = 'ada'; document.querySelector('#new-passkey button').click()")
    hold("a passkey is made", browser.until("document.querySelector('#new-passkey output').value.startsWith('passkey = ')"), browser.js("document.body.innerText"))
    line = browser.js("document.querySelector('#new-passkey output').value")
    policy.write_text(policy.read_text().replace("[person ada]\n", f"[person ada]\n{line}\n"))

    browser.go(review)
    hold("the review has a form", browser.js("!document.getElementById('answer').hidden"))
    press = "document.querySelector('#answer button[value={}]').click()"
    browser.js(press.format("reject"))
    hold("a refusal needs a reason", browser.until("document.querySelector('#answer .told').textContent === 'Say why you refuse it.'"))
    # Whoever is not there cannot answer.
    browser.ask("WebAuthn.setUserVerified", authenticatorId=authenticator, isUserVerified=False)
    browser.js(press.format("approve"))
    hold("who is not there cannot answer", browser.until("document.querySelector('#answer .told').textContent.startsWith('No answer was given')"))
    browser.ask("WebAuthn.setUserVerified", authenticatorId=authenticator, isUserVerified=True)
    # A page that shows something else than what waits.
    browser.js("document.querySelector('#answer [name=surface]').value = 'stale'")
    browser.js(press.format("approve"))
    hold("a stale page cannot answer", browser.until("document.body.innerText.includes('review again')"), browser.js("document.body.innerText"))
    browser.go(review)
    browser.js("document.getElementById('answer').dataset.approve = document.getElementById('answer').dataset.approve.replace('deployment: ', 'deployment: 9')")
    browser.js(press.format("approve"))
    hold("what is signed is what waits", browser.until("document.body.innerText.includes('is not this answer')"), browser.js("document.body.innerText"))
    # Another page cannot send the form, and the session alone is no answer.
    browser.go(review)
    answer = browser.js(f"fetch('/deployments/{deployment}/answer', {{method: 'POST', body: new URLSearchParams({{verdict: 'approve'}})}}).then(r => r.status)")
    hold("a session is no answer", answer == 400, answer)

    browser.go(review)
    # What is sent is kept for somebody who has stolen the session.
    browser.js("(() => { const form = document.getElementById('answer'), send = form.submit.bind(form); form.submit = () => { sessionStorage.sent = new URLSearchParams(new FormData(form)); send() } })()")
    browser.js("document.querySelector('#answer [name=reason]').value = 'not like this'")
    browser.js(press.format(verdict))
    hold("a passkey answers", browser.until(f"location.pathname === '/deployments/{deployment}'"), browser.js("document.body.innerText"))
    sent = browser.js("sessionStorage.sent")
    hold("what was sent was kept", f"verdict={verdict}" in sent and "signature=" in sent, sent)
    again = f"fetch('/deployments/{deployment}/answer', {{method: 'POST', body: new URLSearchParams(sessionStorage.sent)}}).then(r => r.status)"
    hold("an answer cannot be sent twice", browser.until(f"{again}.then(status => status === 409)"), browser.js(again))
    turned = "new URLSearchParams(sessionStorage.sent.replace('verdict=reject', 'verdict=approve'))"
    other = browser.js(f"fetch('/deployments/{deployment}/answer', {{method: 'POST', body: {turned}}}).then(r => r.status)")
    hold("nor turned into another", other in (403, 409), other)


main()
