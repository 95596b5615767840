#include "services/calls/snapshot_calls.hpp"

#include "services/calls/call_handlers.hpp"
#include "services/snapshots/snapshots.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

using context = call_context;

call_effect named(const std::string& snapshot) {
  return {nlohmann::json{{"snapshot_table", snapshot}}.dump()};
}

result<call_effect> take(context& c) {
  const auto target = c.arguments.optional_text("target");
  return c.arguments.checked(c.arguments.text("name"))
    .and_then([&](const std::string& name) {
      return snapshots::take(c.db, c.by, name, target, c.fence);
    })
    .map(named);
}

result<call_effect> restore(context& c) {
  const auto source = c.arguments.text("source");
  return c.arguments.checked(c.arguments.text("name"))
    .and_then([&](const std::string& name) {
      return snapshots::restore(c.db, c.by, name, source, c.fence);
    })
    .map([](const snapshots::restoration& done) {
      call_effect effect{"null", true};
      effect.notices = done.notices;
      if (done.must_refresh)
        effect.to_refresh = done.id;
      return effect;
    });
}

result<call_effect> restore_to(context& c) {
  const auto time = c.arguments.text("target_time");
  return c.arguments.checked(c.arguments.text("name"))
    .and_then([&](const std::string& name) {
      return snapshots::restore_to(c.db, c.by, name, time, c.fence);
    })
    .map([](const snapshots::rewinding& done) {
      call_effect effect{nlohmann::json{{"reached", done.reached}}.dump(),
                         true};
      effect.notices.push_back(done.notice);
      return effect;
    });
}

result<call_effect> drop(context& c) {
  return c.arguments.checked(c.arguments.text("snapshot_table"))
    .and_then([&](const std::string& snapshot) {
      return snapshots::drop(c.db, c.by, snapshot, c.fence);
    })
    .map([] { return call_effect{}; });
}

result<call_effect> verify(context& c) {
  return c.arguments.checked(c.arguments.text("snapshot_table"))
    .and_then([&](const std::string& snapshot) {
      return snapshots::verify(c.db, c.by, snapshot);
    })
    .map([](const snapshots::verification& found) {
      return call_effect{nlohmann::json{
        {"row_count", found.row_count},
        {"content_hash", found.content_hash},
        {"ok", found.detail.empty()},
        {"detail", found.detail.empty() ? nlohmann::json()
                                        : nlohmann::json(found.detail)}}
                           .dump()};
    });
}

result<call_effect> adopt(context& c) {
  return c.arguments.checked(c.arguments.text("snapshot_table"))
    .and_then([&](const std::string& table) {
      return snapshots::adopt(c.db, c.by, table, c.fence);
    })
    .map(named);
}

const call_handlers& handlers() {
  static const call_handlers by_method{
    {"adopt_snapshot", adopt},          {"drop_snapshot", drop},
    {"restore_from_snapshot", restore}, {"restore_stream_table_to", restore_to},
    {"snapshot_stream_table", take},    {"verify_snapshot", verify},
  };
  return by_method;
}

} // namespace

result<call_effect> carry_out_snapshot_call(postgres::session& db,
                                            const caller& by,
                                            const std::string& method,
                                            const std::string& arguments,
                                            ownership fence) {
  context c{db, by, call_arguments{arguments}, fence};
  return dispatch(handlers(), c, method);
}

std::vector<std::string> snapshot_methods() { return methods_of(handlers()); }

} // namespace pgtrickle
