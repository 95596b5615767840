"""The JSON behind the dashboard, against its description and against SQL."""

import http.client
import json
import pathlib
import unittest
import urllib.parse

import jsonschema
import yaml

from database import URL, eventually, get, sql, status, stream_table, value

DESCRIPTION = yaml.safe_load((pathlib.Path(__file__).parents[2] / "docs/openapi.yaml").read_text())


def check(path, code, answer):
    """That an answer is as docs/openapi.yaml has it."""
    described = DESCRIPTION["paths"][path]["get"]["responses"][str(code)]
    schema = described["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": DESCRIPTION["components"]}).validate(answer)


REFRESHES = ("SELECT count(*) FROM pgtrickle.pgt_refresh_history JOIN pgtrickle.pgt_stream_tables USING (pgt_id)"
             " WHERE pgt_name = 'daily' AND pgt_refresh_history.status = 'COMPLETED'")


class Visitor:
    """Somebody with a browser."""

    cookie = ""
    token = ""

    def sign_in(self, role, password, database="app"):
        code, told = self.post("sign_in", {"database": database, "role": role, "password": password})
        self.token = told.get("token", "")
        return code, told

    def post(self, path, body, headers=None):
        sent = {"Content-Type": "application/json", "X-Pgtrickle-Token": self.token,
                "Cookie": self.cookie.split(";")[0], **(headers or {})}
        code, answered, text = get(f"/api/v1/{path}", "POST", sent, json.dumps(body).encode())
        self.cookie = answered["Set-Cookie"] or self.cookie
        told = json.loads(text) if text else {}
        described = DESCRIPTION["paths"][f"/api/v1/{path}"]["post"]["responses"][str(code)]
        if "$ref" in described:
            described = DESCRIPTION["components"]["responses"][described["$ref"].split("/")[-1]]
        if text:
            schema = described["content"]["application/json"]["schema"]
            jsonschema.Draft202012Validator({**schema, "components": DESCRIPTION["components"]}).validate(told)
        return code, told

    def held(self):
        return json.loads(get("/api/v1/sign_in", headers={"Cookie": self.cookie.split(";")[0]})[2])


def untimely(answer):
    """An answer, unless it says that it was too soon."""
    return answer if answer[0] != 429 else None


class Api(unittest.TestCase):
    def test_answers_are_as_described(self):
        check("/api/v1/status", 200, status())
        for (name,) in sql("SELECT name FROM pgtrickle.pgt_status()"):
            code, headers, text = stream_table(name)
            self.assertEqual((code, headers["Content-Type"]), (200, "application/json"), text)
            check("/api/v1/stream_tables/{database}/{name}", 200, json.loads(text))
        for name, database in (("shop.nowhere", "app"), ("shop.revenue", "template1"), ("x", "nowhere")):
            code, _, text = stream_table(name, database)
            self.assertEqual(code, 404)
            check("/api/v1/stream_tables/{database}/{name}", 404, json.loads(text))

    def test_the_description_is_served_and_complete(self):
        code, headers, text = get("/api/v1/openapi.yaml")
        self.assertEqual((code, yaml.safe_load(text)), (200, DESCRIPTION))
        self.assertTrue(headers["Content-Type"].startswith("application/yaml"))

    def test_the_lag_is_that_of_sql(self):
        sql("SELECT pgtrickle.alter_stream_table('shop.daily', status => 'SUSPENDED')")
        sql("INSERT INTO shop.customers SELECT max(id) + 1, 'late', 'late' FROM shop.customers")

        def agree():
            told = next(table for table in status()["stream_tables"] if table["name"] == "shop.daily")
            said = float(value("SELECT pgtrickle.get_staleness('shop.daily')"))
            return told["lag_ms"] > 1000 and abs(told["lag_ms"] / 1000 - said) < 2.5

        eventually(agree)
        sql("SELECT pgtrickle.resume_stream_table('shop.daily')")
        sql("SELECT pgtrickle.refresh_stream_table('shop.daily')")
        eventually(lambda: next(table for table in status()["stream_tables"]
                                if table["name"] == "shop.daily")["lag_ms"] == 0)

    def test_no_query_and_no_secret_is_told(self):
        told = get("/api/v1/status")[2]
        for (name,) in sql("SELECT name FROM pgtrickle.pgt_status()"):
            told += stream_table(name)[2]
        for secret in ("hidden literal", "SELECT", value("SELECT encode(secret, 'hex') FROM pgtrickle.pgt_secret")):
            self.assertNotIn(secret, told)

    def test_events_bring_a_status_and_then_what_changed(self):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(URL).netloc, timeout=20)
        connection.request("GET", "/api/v1/events")
        stream = connection.getresponse()
        self.assertEqual(stream.headers["Content-Type"], "text/event-stream")

        def next_event():
            kind = None
            while True:
                line = stream.readline().decode().rstrip("\n")
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    return kind, json.loads(line[6:])

        kind, first = next_event()
        self.assertEqual(kind, "status")
        check("/api/v1/status", 200, first)
        sql("INSERT INTO shop.orders SELECT max(id) + 1, 1, 1 FROM shop.orders")
        for _ in range(20):
            kind, changes = next_event()
            self.assertEqual(kind, "changes")
            schema = {"$ref": "#/components/schemas/Changes", "components": DESCRIPTION["components"]}
            jsonschema.Draft202012Validator(schema).validate(changes)
            if "shop.revenue" in [table["name"] for table in changes["stream_tables"]]:
                break
        else:
            self.fail("no change of shop.revenue was told")
        connection.close()

    def test_too_many_followers_are_turned_away(self):
        connections = []
        codes = []
        for _ in range(9):
            connection = http.client.HTTPConnection(urllib.parse.urlsplit(URL).netloc, timeout=20)
            connection.request("GET", "/api/v1/events")
            connections.append((connection, connection.getresponse()))
            codes.append(connections[-1][1].status)
        self.assertEqual(codes, [200] * 8 + [503])
        self.assertEqual(get("/api/v1/status")[0], 200)
        for connection, answer in connections:
            answer.close()
            connection.close()

        def has_room():
            connection = http.client.HTTPConnection(urllib.parse.urlsplit(URL).netloc, timeout=20)
            connection.request("GET", "/api/v1/events")
            answer = connection.getresponse()
            answer.close()
            connection.close()
            return answer.status == 200

        eventually(has_room)

    def test_nobody_who_looks_costs_nothing(self):
        get("/api/v1/status")
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgtrickle dashboard@%'"
        self.assertEqual(value(sessions), "1")
        eventually(lambda: value(sessions) == "0", limit=30)

    def test_who_signs_in_acts_with_their_own_rights(self):
        visitor = Visitor()
        self.assertEqual(visitor.post("actions", {"action": "refresh", "stream_table": "shop.daily"})[0], 401)
        code, told = visitor.sign_in("owner", "right")
        self.assertEqual((code, told["role"], told["database"]), (200, "owner", "app"))
        self.assertEqual(visitor.held()["token"], told["token"])
        before = value(REFRESHES)
        self.assertEqual(visitor.post("actions", {"action": "refresh", "stream_table": "shop.daily"}), (200, {"done": "refresh"}))
        self.assertGreater(int(value(REFRESHES)), int(before))
        for action, state in (("suspend", "SUSPENDED"), ("resume", "ACTIVE")):
            self.assertEqual(visitor.post("actions", {"action": action, "stream_table": "shop.daily"})[0], 200)
            self.assertEqual(value("SELECT status FROM pgtrickle.pgt_status() WHERE name = 'shop.daily'"), state)
        self.assertEqual(visitor.post("actions", {"action": "snapshot", "stream_table": "shop.daily"})[0], 200)
        self.assertEqual(value("SELECT count(*) FROM pgtrickle.list_snapshots('shop.daily')"), "1")
        self.assertEqual(visitor.post("actions", {"action": "apply_recommendation", "stream_table": "shop.daily"})[0], 200)
        self.assertEqual(value("SELECT new_schedule FROM pgtrickle.schedule_changes('shop.daily') ORDER BY changed_at DESC"),
                         value("SELECT schedule FROM pgtrickle.pgt_status() WHERE name = 'shop.daily'"))
        code, refused = visitor.post("actions", {"action": "refresh", "stream_table": "shop.nowhere"})
        self.assertEqual((code, refused["sqlstate"]), (409, "42P01"))
        self.assertEqual(visitor.post("sign_out", {})[0], 204)
        self.assertEqual(visitor.post("actions", {"action": "refresh", "stream_table": "shop.daily"})[0], 401)
        self.assertIsNone(visitor.held()["role"])

    def test_others_may_not_do_what_they_may_not_by_sql(self):
        visitor = Visitor()
        self.assertEqual(visitor.sign_in("stranger", "right")[0], 200)
        code, refused = visitor.post("actions", {"action": "suspend", "stream_table": "shop.daily"})
        self.assertEqual((code, refused["sqlstate"]), (403, "42501"))
        visitor.post("sign_out", {})

    def test_nobody_signs_in_who_proves_nothing(self):
        for role, password in (("owner", "wrong"), ("owner", ""), ("nobody", "right"), ("trusted", "anything")):
            code, told = eventually(lambda: untimely(Visitor().sign_in(role, password)))
            self.assertEqual((code, told.get("token")), (403, None), role)
        # A second has to pass between two attempts.
        self.assertEqual(Visitor().sign_in("owner", "right")[0], 429)
        eventually(lambda: untimely(Visitor().sign_in("stranger", "right")))

    def test_what_comes_from_elsewhere_is_refused(self):
        visitor = Visitor()
        self.assertEqual(visitor.sign_in("owner", "right")[0], 200)
        wanted = {"action": "suspend", "stream_table": "shop.daily"}
        for headers in ({"X-Pgtrickle-Token": ""}, {"X-Pgtrickle-Token": "0" * 64}, {"Sec-Fetch-Site": "cross-site"},
                        {"Content-Type": "text/plain"}):
            self.assertEqual(visitor.post("actions", wanted, headers)[0], 403, headers)
        self.assertIn("HttpOnly; SameSite=Strict", visitor.cookie)
        for body in ({}, [], "x", {"action": "drop", "stream_table": "shop.daily"}, {"action": "refresh"},
                     {"action": 1, "stream_table": "shop.daily"}):
            self.assertEqual(visitor.post("actions", body)[0], 400, body)
        self.assertEqual(value("SELECT status FROM pgtrickle.pgt_status() WHERE name = 'shop.daily'"), "ACTIVE")
        visitor.post("sign_out", {})

    def test_pages_carry_the_policy(self):
        for path in ("/", "/dashboard/main.js", "/dashboard/dashboard.css"):
            code, headers, _ = get(path)
            self.assertEqual(code, 200)
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertNotIn("unsafe", headers["Content-Security-Policy"])
        self.assertEqual(get("/dashboard/nothing.js")[0], 404)
        self.assertEqual(get("/api/v1/status", "POST")[0], 405)
        self.assertEqual(get("/", "HEAD")[2], "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
