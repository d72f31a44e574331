"""Verification of webhooks."""

import base64
import hashlib
import hmac
import json
import time
import unittest

from runyard import WebhookVerificationError, verify_webhook


class Webhooks(unittest.TestCase):
    SECRET = "whsec_" + base64.b64encode(b"some bytes of a secret").decode()
    BODY = '{"type":"job.finished","data":{"message":"é"}}'

    def headers(self, secret=SECRET, body=BODY, age=0):
        stamp = str(int(time.time()) - age)
        mac = hmac.new(base64.b64decode(secret[6:]), f"event.{stamp}.{body}".encode(), hashlib.sha256)
        signature = "v1," + base64.b64encode(mac.digest()).decode()
        return {"Webhook-Id": "event", "Webhook-Timestamp": stamp, "Webhook-Signature": f"v2,x {signature}"}

    def test_what_is_signed_is_taken(self):
        other = "whsec_" + base64.b64encode(b"another").decode()
        for body in (self.BODY, self.BODY.encode()):
            self.assertEqual(verify_webhook(self.headers(), body, self.SECRET), json.loads(self.BODY))
        self.assertEqual(verify_webhook(self.headers(), self.BODY, [other, self.SECRET])["type"], "job.finished")

    def test_anything_else_is_refused(self):
        other = "whsec_" + base64.b64encode(b"another").decode()
        cases = [
            (self.headers(), self.BODY + " "),
            (self.headers(secret=other), self.BODY),
            (self.headers(age=400), self.BODY),
            (self.headers(age=-400), self.BODY),
            ({**self.headers(), "Webhook-Id": "other"}, self.BODY),
            ({**self.headers(), "Webhook-Timestamp": "nan"}, self.BODY),
            ({**self.headers(), "Webhook-Signature": "v1,*"}, self.BODY),
            ({**self.headers(), "Webhook-Signature": "v1,é"}, self.BODY),
            ({}, self.BODY),
        ]
        for headers, body in cases:
            with self.subTest(headers=headers), self.assertRaises(WebhookVerificationError):
                verify_webhook(headers, body, self.SECRET)

    def test_a_secret_that_cannot_be_one_is_the_callers_error(self):
        for secret in ("hunter2", "whsec_", "whsec_*"):
            with self.assertRaises(ValueError):
                verify_webhook(self.headers(), self.BODY, secret)


if __name__ == "__main__":
    unittest.main()
