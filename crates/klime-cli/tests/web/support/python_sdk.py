"""Uses the official SDK as its documentation shows, and prints what it was told as JSON."""

import json
import sys

from klime import KlimeClient


def told(response):
    shown = {"accepted": response.accepted, "failed": response.failed}
    if response.errors:
        shown["errors"] = [{"index": e.index, "code": e.code, "message": e.message} for e in response.errors]
    return shown


def main(endpoint, scenario):
    responses, errors = [], []
    client = KlimeClient(
        write_key="any-key",
        endpoint=endpoint,
        retry_initial_delay=20,
        on_success=lambda response: responses.append(told(response)),
        on_error=lambda error, events: errors.append(str(error)),
    )
    if scenario == "sync":
        told_of = {
            "track": told(client.track_sync("Report Generated", {"rows": 3}, user_id="user_123")),
            "identify": told(client.identify_sync("user_123", {"email": "user@example.com"})),
            "group": told(client.group_sync("org_456", {"name": "Acme Inc"}, user_id="user_123")),
        }
        print(json.dumps(told_of))
        return
    if scenario == "anonymous":
        client.track("Report Generated", user_id="user_123")
        client.track("Report Generated")
        client.track("Invoice Paid", group_id="org_456")
    else:
        client.track("Button Clicked", {"plan": "pro"}, user_id="user_123")
        client.identify("user_123", {"email": "user@example.com", "name": "Stefan"})
        client.group("org_456", {"name": "Acme Inc", "plan": "enterprise"}, user_id="user_123")
        client.track("Report Generated", user_id="user_123")
    client.shutdown()
    print(json.dumps({"responses": responses, "errors": errors}))


main(*sys.argv[1:])
