#include "services/snapshot_transfer/partial_copy.hpp"

#include "services/snapshot_transfer/json_members.hpp"

#include <fmt/format.h>

namespace pgtrickle::snapshot_transfer {

namespace {

/// FNV-1a, 64 bits.
std::uint64_t digest_of(std::string_view text) {
  std::uint64_t digest = 14695981039346656037U;
  for (const unsigned char byte : text)
    digest = (digest ^ byte) * 1099511628211U;
  return digest;
}

} // namespace

qualified_name partial_name(const qualified_name& target) {
  return {target.schema,
          fmt::format("pgtrickle_partial_{:016x}", digest_of(target.text()))};
}

std::string partial_text(const partial_copy& copy) {
  const nlohmann::json object{
    {"pgtrickle_partial", 1},
    {"target", {{"schema", copy.target.schema}, {"name", copy.target.name}}},
    {"identity", copy.identity},
    {"next", copy.position.next},
    {"rows", copy.position.rows}};
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<partial_copy> read_partial(const std::string& text) {
  const auto object = object_in(text);
  if (!object || integer_member(*object, "pgtrickle_partial") != 1
      || !object->contains("target") || !(*object)["target"].is_object())
    return std::nullopt;
  const auto& target = (*object)["target"];
  auto schema = string_member(target, "schema");
  auto name = string_member(target, "name");
  auto identity = string_member(*object, "identity");
  const auto next = integer_member(*object, "next");
  const auto rows = integer_member(*object, "rows");
  if (!schema || !name || !identity || !next || !rows)
    return std::nullopt;
  return partial_copy{{std::move(*schema), std::move(*name)},
                      std::move(*identity),
                      {*next, *rows}};
}

} // namespace pgtrickle::snapshot_transfer
