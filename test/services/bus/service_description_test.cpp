#include "services/bus/service_description.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace pgtrickle;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const bus::service_description service{
  "Qx7", "0.53.0", "7300", "first",
  std::chrono::system_clock::time_point{1'800'000'000s}};

json answer(const std::string& subject,
            const std::vector<bus::endpoint_statistics>& endpoints = {}) {
  const auto text = bus::service_answer(subject, service, endpoints);
  REQUIRE(text);
  return json::parse(*text);
}

} // namespace

TEST_CASE("a service is asked on nine subjects") {
  CHECK(bus::service_subjects("Qx7")
        == std::vector<std::string>{
          "$SRV.PING", "$SRV.PING.pgtrickle", "$SRV.PING.pgtrickle.Qx7",
          "$SRV.INFO", "$SRV.INFO.pgtrickle", "$SRV.INFO.pgtrickle.Qx7",
          "$SRV.STATS", "$SRV.STATS.pgtrickle", "$SRV.STATS.pgtrickle.Qx7"});
}

TEST_CASE("a ping is answered with the standard fields") {
  CHECK(answer("$SRV.PING")
        == json::parse(R"({"type": "io.nats.micro.v1.ping_response",
             "name": "pgtrickle", "id": "Qx7", "version": "0.53.0",
             "metadata": {"cluster": "7300", "node": "first"}})"));
}

TEST_CASE("the info has the endpoints, and the statistics what came of them") {
  bus::service_statistics counted;
  counted.serve({"7300", 5});
  CHECK(answer("$SRV.STATS.pgtrickle",
               counted.endpoints())["endpoints"][0]["average_processing_time"]
        == 0);
  counted.count(5, 2us, "");
  counted.count(5, 5us, "it failed");
  counted.count(6, 1h, "of no database here");
  const auto info = answer("$SRV.INFO.pgtrickle.Qx7", counted.endpoints());
  CHECK(info["type"] == "io.nats.micro.v1.info_response");
  CHECK(info["description"].is_string());
  CHECK(info["endpoints"] == json::parse(R"([{"name": "call",
          "subject": "pgtrickle.v1.7300.5.call.*", "queue_group": "",
          "metadata": {}}])"));
  const auto stats = answer("$SRV.STATS.pgtrickle", counted.endpoints());
  CHECK(stats["type"] == "io.nats.micro.v1.stats_response");
  CHECK(stats["started"] == "2027-01-15T08:00:00.000000Z");
  CHECK(stats["endpoints"] == json::parse(R"([{"name": "call",
          "subject": "pgtrickle.v1.7300.5.call.*", "queue_group": "",
          "num_requests": 2, "num_errors": 1, "last_error": "it failed",
          "processing_time": 7000, "average_processing_time": 3500}])"));
  counted.stop_serving(5);
  CHECK(answer("$SRV.INFO", counted.endpoints())["endpoints"].empty());
}

TEST_CASE("what is no question to a service has no answer") {
  CHECK_FALSE(bus::service_answer("$SRV.RESET", service, {}));
  CHECK_FALSE(bus::service_answer("pgtrickle", service, {}));
}

TEST_CASE("ids of services differ and fit into a subject") {
  const auto id = bus::random_service_id();
  CHECK(id.size() == 22);
  CHECK(bus::token_of(id) == id);
  CHECK(id != bus::random_service_id());
}
