#include "proto/call.pb.h"
#include "test/scenarios/program.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

using nlohmann::json;

namespace {

const std::string create_reader
  = R"({"name": "reader", "query": "SELECT a FROM base", "schedule": "1h",)"
    R"( "refresh_mode": "AUTO", "initialize": true})";

/// A program, and a stream table of alice's that it made.
struct reading_program : program {
  reading_program() {
    must(s.db, "CREATE TABLE base (a int); INSERT INTO base VALUES (1)");
    const auto made = call("create_stream_table", create_reader, once());
    CAPTURE(made.payload);
    REQUIRE(code_of(made).empty());
  }

  [[nodiscard]] nats_message drop() {
    return call("drop_stream_table", R"({"name": "reader", "cascade": false})",
                once());
  }
};

} // namespace

TEST_CASE("a program does over NATS what its role can do in SQL") {
  reading_program p;
  CHECK(p.s.admin
          .run("SELECT relowner::regrole FROM pg_class"
               " WHERE oid = 'reader'::regclass")
          .value()
        == "alice");
  CHECK(holds(p.s.admin, "reader"));
  must(p.s.db, "INSERT INTO base VALUES (2)");
  const auto refreshed
    = p.call("refresh_stream_table", R"({"name": "reader"})", p.once());
  CHECK(code_of(refreshed).empty());
  CHECK(holds(p.s.admin, "reader"));
  const auto explained = p.call("explain_st", R"({"name": "reader"})");
  CHECK(json::parse(explained.payload).is_array());
  CHECK(explained.headers.at("Content-Type") == "application/json");
  const auto again
    = p.call("create_stream_table_if_not_exists", create_reader, p.once());
  CHECK(again.headers.at("Pgtrickle-Notice").find("already exists")
        != std::string::npos);
  CHECK(code_of(p.drop()).empty());
  CHECK(p.s.db.run("SELECT to_regclass('reader')").value() == "(null)");
}

TEST_CASE("a program's call in protobuf is answered like the extension's") {
  reading_program p;
  auto inbox = p.bus.subscribe("_INBOX.program.1");
  wire::Call call;
  call.set_arguments(R"({"name": "reader"})");
  p.bus.publish_with(p.subject("call.explain_st"), call.SerializeAsString(),
                     {{"Pgtrickle-Token", p.shown},
                      {"Pgtrickle-Search-Path", p.s.schema},
                      {"Content-Type", "application/protobuf"}},
                     "_INBOX.program.1");
  wire::Reply reply;
  REQUIRE(reply.ParseFromString(inbox.next(10s).value().payload));
  CHECK(reply.alive());
  REQUIRE(reply.ParseFromString(inbox.next(10s).value().payload));
  CHECK(json::parse(reply.result().json()).is_array());
}

TEST_CASE("a token opens nothing that its role may not do") {
  reading_program p;
  auto bob = p.s.all.connect("bob");
  p.shown = bob.run("SELECT pgtrickle.issue_token('bob')").value();
  CHECK(sqlstate_of(p.drop()) == "42501");
  must(p.s.admin, "REVOKE EXECUTE ON FUNCTION pgtrickle.ping FROM PUBLIC");
  const auto refused = p.call("ping", "");
  must(p.s.admin, "GRANT EXECUTE ON FUNCTION pgtrickle.ping TO PUBLIC");
  CHECK(code_of(refused) == "403");
  CHECK(code_of(p.call("ping", "")).empty());
  CHECK(holds(p.s.admin, "reader"));
}

TEST_CASE("only a member of a role issues tokens for it, and for a while") {
  scenario s;
  auto bob = s.all.connect("bob");
  const auto error = [&](const std::string& arguments) {
    return bob.run("SELECT pgtrickle.issue_token(" + arguments + ")").sqlstate;
  };
  CHECK(error("'alice'") == "42501");
  CHECK(error("'postgres'") == "42501");
  CHECK(error("'nobody here'") == "42704");
  CHECK(error("null") == "22004");
  CHECK(error("'bob', null") == "22004");
  for (const std::string ttl :
       {"0", "-1 hour", "0.5 seconds", "31 days", "2 months", "10000000 years",
        "30 days 1 second"})
    CHECK(error("'bob', '" + ttl + "'") == "22023");
  CHECK(error("'bob', '1 second'").empty());
  CHECK(error("'bob', '30 days'").empty());
  CHECK(bob.run("SELECT pgtrickle.revoke_tokens()").sqlstate == "42501");
  CHECK(bob.run("SELECT * FROM pgtrickle.pgt_token_revocations").sqlstate
        == "42501");
}

TEST_CASE("a forged, altered or expired token is worth nothing") {
  reading_program p;
  const auto good = p.shown;
  const auto refused = [&] {
    const auto answer = p.drop();
    return code_of(answer) == "401" && sqlstate_of(answer) == "28000";
  };
  p.shown = "guess";
  CHECK(refused());
  p.shown = good.substr(0, good.rfind('.'));
  CHECK(refused());
  p.shown = good;
  p.shown[p.shown.size() - 10]
    = p.shown[p.shown.size() - 10] == 'A' ? 'B' : 'A';
  CHECK(refused());
  // Bob's claims under the signature of alice's.
  auto bob = p.s.all.connect("bob");
  const auto bobs = bob.run("SELECT pgtrickle.issue_token('bob')").value();
  p.shown = good.substr(0, good.rfind('.')) + bobs.substr(bobs.rfind('.'));
  CHECK(refused());
  p.shown = p.token("1 second");
  CHECK(eventually(5s, [&] { return code_of(p.call("ping", "")) == "401"; }));
  CHECK(refused());
  p.shown = good;
  CHECK(holds(p.s.admin, "reader"));
  CHECK(code_of(p.drop()).empty());
}

TEST_CASE("another database's token is worth nothing, even of a copy") {
  reading_program p;
  p.s.all.create_database("other");
  auto other = p.s.all.connect("alice", "other");
  p.shown = other.run("SELECT pgtrickle.issue_token('alice')").value();
  CHECK(code_of(p.drop()) == "401");
  auto inside = p.s.all.connect("postgres", "other");
  auto app = p.s.all.connect();
  must(inside, "SET bytea_output = 'hex'");
  must(app, "SET bytea_output = 'hex'");
  // As if one were the other's copy.
  const auto former
    = inside.run("SELECT secret FROM pgtrickle.pgt_secret").value();
  const auto secret
    = app.run("SELECT secret FROM pgtrickle.pgt_secret").value();
  must(inside, "UPDATE pgtrickle.pgt_secret SET secret = '" + secret + "'");
  p.shown = other.run("SELECT pgtrickle.issue_token('alice')").value();
  must(inside, "UPDATE pgtrickle.pgt_secret SET secret = '" + former + "'");
  const auto refused = p.drop();
  CHECK(code_of(refused) == "401");
  CHECK(refused.headers.at("Nats-Service-Error")
        == "token is for another database");
  CHECK(holds(p.s.admin, "reader"));
}

TEST_CASE("a token ends with its role, its issuer's membership, and when it "
          "is revoked") {
  scenario s;
  auto root = s.all.connect();
  must(root, "CREATE ROLE staff; CREATE ROLE carol LOGIN IN ROLE staff;"
             "GRANT CREATE ON DATABASE app TO staff");
  auto carol = s.all.connect("carol");
  program p;
  const auto code = [&] { return code_of(p.call("ping", "")); };
  const auto issue = [&](const std::string& role) {
    p.shown = carol.run("SELECT pgtrickle.issue_token('" + role + "')").value();
  };
  issue("staff");
  CHECK(code().empty());
  must(root, "SELECT pgtrickle.revoke_tokens('staff')");
  CHECK(code() == "401");
  issue("staff");
  CHECK(code().empty());
  must(root, "REVOKE staff FROM carol");
  CHECK(code() == "401");
  issue("carol");
  CHECK(code().empty());
  must(root, "SELECT pgtrickle.revoke_tokens()");
  CHECK(code() == "401");
  issue("carol");
  CHECK(code().empty());
  must(root, "DROP ROLE carol; CREATE ROLE carol LOGIN");
  CHECK(code() == "401");
  must(root, "REVOKE CREATE ON DATABASE app FROM staff; DROP ROLE carol, staff;"
             "DELETE FROM pgtrickle.pgt_token_revocations");
}

TEST_CASE("a call that comes again is carried out once") {
  reading_program p;
  const auto headers = p.once();
  const std::string arguments = R"({"name": "reader", "cascade": false})";
  CHECK(code_of(p.call("drop_stream_table", arguments, headers)).empty());
  CHECK(
    code_of(p.call("create_stream_table", create_reader, p.once())).empty());
  CHECK(code_of(p.call("drop_stream_table", arguments, headers)) == "401");
  CHECK(code_of(p.call("drop_stream_table", arguments)) == "400");
  p.s.all.daemon.kill();
  p.s.all.repair();
  CHECK(code_of(p.call("drop_stream_table", arguments, headers)) == "503");
  CHECK(holds(p.s.admin, "reader"));
}

TEST_CASE("hostile requests of a program harm nobody") {
  reading_program p;
  const auto code = [&](const std::string& arguments) {
    return code_of(p.call("explain_st", arguments));
  };
  CHECK(code("") == "400");
  CHECK(code("[]") == "400");
  CHECK(code(R"({"name": 5})") == "400");
  CHECK(code("{\"name\": \"\xff\"}") == "400");
  CHECK(code(R"({"name": "reader\u0000"})") == "400");
  CHECK(code(R"({"name":)" + std::string(500'000, '[')) == "400");
  CHECK(code(R"({"name": ")" + std::string(900'000, 'x') + "\"}") != "");
  CHECK(code(R"({"name": "no such table"})") != "");
  CHECK(code_of(p.call("nothing", "{}")) == "404");
  CHECK(code_of(p.call("_relay", "{}")) == "404");
  CHECK(code_of(p.call("explain_st", R"({"name": "missing"})")) == "404");
  // Nobody waits for an answer: nothing happens.
  auto headers = p.once();
  headers.emplace("Pgtrickle-Token", p.shown);
  headers.emplace("Pgtrickle-Search-Path", p.s.schema);
  p.bus.publish_with(p.subject("call.drop_stream_table"),
                     R"({"name": "reader", "cascade": false})", headers);
  p.bus.publish_with(p.subject("call.drop_stream_table"),
                     R"({"name": "reader", "cascade": false})", headers,
                     "elsewhere");
  CHECK(code_of(p.call("ping", "")).empty());
  CHECK(p.s.all.daemon.running());
  CHECK(holds(p.s.admin, "reader"));
}

TEST_CASE("a program gets a large result in parts") {
  program p;
  must(p.s.db, "CREATE TABLE base (a int)");
  const std::string query
    = "SELECT a, '" + std::string(700'000, 'x') + "'::text AS long FROM base";
  auto inbox = p.bus.subscribe("_INBOX.program.2");
  p.bus.publish_with(
    p.subject("call.validate_query"), json{{"query", query}}.dump(),
    {{"Pgtrickle-Token", p.shown}, {"Pgtrickle-Search-Path", p.s.schema}},
    "_INBOX.program.2");
  std::string whole;
  const auto first = inbox.next(20s);
  REQUIRE(first);
  CHECK(first->headers.at("Pgtrickle-Part") == "1/2");
  const auto second = inbox.next(5s);
  REQUIRE(second);
  CHECK(second->headers.at("Pgtrickle-Part") == "2/2");
  CHECK_FALSE(json::parse(first->payload + second->payload).empty());
}

TEST_CASE("a program does not notice that PostgreSQL ended the connection of "
          "the doorman") {
  program p;
  CHECK(code_of(p.call("ping", "")).empty());
  CHECK(p.s.admin
          .run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
               " WHERE application_name LIKE 'pgtrickle doorman%'"
               " AND datname = current_database()")
          .value()
        == "t");
  CHECK(code_of(p.call("ping", "")).empty());
}

TEST_CASE("a program's call that takes too long ends with its time") {
  reading_program p;
  must(p.s.db, "INSERT INTO base VALUES (2)");
  auto blocker = p.s.connect();
  must(blocker, "BEGIN; LOCK TABLE reader IN ACCESS EXCLUSIVE MODE");
  auto headers = p.once();
  headers.emplace("Pgtrickle-Timeout", "0.5");
  const auto answer
    = p.call("refresh_stream_table", R"({"name": "reader"})", headers);
  CHECK(code_of(answer) == "504");
  must(blocker, "ROLLBACK");
}

} // namespace pgtrickle::test
