#include "services/calls/definition_calls.hpp"

#include "services/calls/call_handlers.hpp"
#include "services/engine/target_lag.hpp"
#include "services/plans/plans.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

using context = call_context;

std::string id_json(stream_table_id id) {
  return fmt::format("{{\"pgt_id\": {}}}", static_cast<std::int64_t>(id));
}

call_effect definition_changed(stream_table_id id) {
  return {id_json(id), true};
}

result<stream_table_definition> definition_of(call_arguments& arguments) {
  stream_table_definition definition;
  definition.name = arguments.text("name");
  definition.query = arguments.text("query");
  definition.schedule = arguments.text("schedule");
  if (definition.schedule == "calculated")
    definition.schedule.reset();
  definition.refresh_mode = arguments.text("refresh_mode");
  definition.initialize = arguments.flag("initialize", true);
  return arguments.checked(std::move(definition));
}

result<call_effect> create_as(context& c,
                              const stream_table_definition& definition) {
  return engine::create_stream_table(c.db, c.by, definition, c.fence)
    .map([&](stream_table_id id) {
      auto effect = definition_changed(id);
      if (definition.initialize)
        effect.to_fill = id;
      return effect;
    });
}

result<call_effect> create(context& c) {
  return definition_of(c.arguments)
    .and_then([&](const stream_table_definition& definition) {
      return create_as(c, definition);
    });
}

result<call_effect>
create_unless_exists(context& c, const stream_table_definition& definition) {
  auto existing = engine::find_owned(c.db, c.by, definition.name);
  if (!existing && existing.error().code == errc::stream_table_not_found)
    return create_as(c, definition);
  return existing.map([](const stream_table_entry& entry) {
    call_effect effect{id_json(entry.id)};
    effect.notices.push_back(
      fmt::format("stream table {} already exists, skipping", entry.name));
    return effect;
  });
}

result<call_effect> create_if_not_exists(context& c) {
  return definition_of(c.arguments)
    .and_then([&](const stream_table_definition& definition) {
      return create_unless_exists(c, definition);
    });
}

bool is_stopped(const stream_table_entry& entry) {
  return entry.status == "SUSPENDED" || entry.status == "ERROR";
}

/// Nobody who gives a new query wants to see the rows of the former one until
/// the next refresh is due.
result<call_effect> altered(context& c, const stream_table_change& change,
                            stream_table_id id) {
  auto effect = definition_changed(id);
  if (!change.query)
    return effect;
  return engine::find_owned(c.db, c.by, change.name)
    .map([&](const stream_table_entry& entry) {
      if (!is_stopped(entry))
        effect.to_refresh = id;
      return effect;
    });
}

result<call_effect> alter(context& c) {
  stream_table_change change;
  change.name = c.arguments.text("name");
  change.query = c.arguments.optional_text("query");
  change.schedule = c.arguments.optional_text("schedule");
  change.refresh_mode = c.arguments.optional_text("refresh_mode");
  change.status = c.arguments.optional_text("status");
  change.snapshot_schedule = c.arguments.optional_text("snapshot_schedule");
  change.snapshot_keep = c.arguments.optional_number("snapshot_keep");
  return c.arguments.checked(std::move(change))
    .and_then([&](const stream_table_change& checked) {
      return engine::alter_stream_table(c.db, c.by, checked, c.fence)
        .and_then([&](stream_table_id id) { return altered(c, checked, id); });
    });
}

result<call_effect> drop(context& c) {
  const auto cascade = c.arguments.flag("cascade", false);
  return c.arguments.checked(c.arguments.text("name"))
    .and_then([&](const std::string& name) {
      return engine::drop_stream_table(c.db, c.by, name, cascade, c.fence);
    })
    .map([] {
      return call_effect{"null", true};
    });
}

result<call_effect> resume(context& c) {
  return c.arguments.checked(c.arguments.text("name"))
    .and_then([&](const std::string& name) {
      return engine::resume_stream_table(c.db, c.by, name, c.fence);
    })
    .map(definition_changed);
}

result<call_effect> set_sla(context& c) {
  const auto ms = c.arguments.optional_number("sla_ms");
  return c.arguments.checked(c.arguments.text("name"))
    .and_then([&](const std::string& name) {
      std::optional<std::chrono::milliseconds> target;
      if (ms)
        target = std::chrono::milliseconds{*ms};
      return engine::set_target_lag(c.db, c.by, name, target, c.fence);
    })
    .map(definition_changed);
}

result<call_effect> apply_recommendation(context& c) {
  return c.arguments.checked(c.arguments.text("name"))
    .and_then([&](const std::string& name) {
      return plans::apply_recommendation(c.db, c.by, name, c.fence);
    })
    .map(definition_changed);
}

result<call_effect> refresh_unless_stopped(const stream_table_entry& entry) {
  if (is_stopped(entry))
    return fail(errc::wrong_state,
                fmt::format("stream table {} has the status {}", entry.name,
                            entry.status),
                "Call pgtrickle.resume_stream_table first.");
  call_effect effect;
  effect.to_refresh = entry.id;
  return effect;
}

result<call_effect> refresh(context& c) {
  return c.arguments.checked(c.arguments.text("name"))
    .and_then([&](const std::string& name) {
      return engine::find_owned(c.db, c.by, name);
    })
    .and_then(refresh_unless_stopped);
}

result<call_effect> validate(context& c) {
  return c.arguments.checked(c.arguments.text("query"))
    .and_then([&](const std::string& query) {
      return engine::validate_query(c.db, c.by, query);
    })
    .map([](std::string json) { return call_effect{std::move(json)}; });
}

result<call_effect> explain(context& c) {
  return c.arguments.checked(c.arguments.text("name"))
    .and_then([&](const std::string& name) {
      return engine::explain_stream_table(c.db, c.by, name);
    })
    .map([](std::string json) { return call_effect{std::move(json)}; });
}

const call_handlers& handlers() {
  static const call_handlers by_method{
    {"alter_stream_table", alter},
    {"apply_schedule_recommendation", apply_recommendation},
    {"create_stream_table", create},
    {"create_stream_table_if_not_exists", create_if_not_exists},
    {"drop_stream_table", drop},
    {"explain_st", explain},
    {"refresh_stream_table", refresh},
    {"resume_stream_table", resume},
    {"set_stream_table_sla", set_sla},
    {"validate_query", validate},
  };
  return by_method;
}

} // namespace

result<call_effect> carry_out(postgres::session& db, const caller& by,
                              const std::string& method,
                              const std::string& arguments, ownership fence) {
  context c{db, by, call_arguments{arguments}, fence};
  return dispatch(handlers(), c, method);
}

std::vector<std::string> definition_methods() { return methods_of(handlers()); }

} // namespace pgtrickle
