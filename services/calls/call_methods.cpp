#include "services/calls/call_methods.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pgtrickle {

namespace {

constexpr int max_depth = 32;
constexpr std::size_t max_query_bytes = 1024 * 1024;

constexpr auto METHOD_READS = method_kind::reads;
constexpr auto METHOD_DEFINES = method_kind::defines;
constexpr auto METHOD_ACTS = method_kind::acts;

std::vector<std::string_view>
up_to_null(std::initializer_list<const char*> names) {
  std::vector<std::string_view> listed;
  for (const auto* name : names)
    if (name != nullptr)
      listed.emplace_back(name);
  return listed;
}

/// Looks at JSON as it is read: what is too deep is never built.
class shape_check : public nlohmann::json_sax<nlohmann::json> {
public:
  bool null() override { return fits(); }
  bool boolean(bool) override { return fits(); }
  bool number_integer(number_integer_t) override { return fits(); }
  bool number_unsigned(number_unsigned_t) override { return fits(); }
  bool number_float(number_float_t, const string_t&) override { return fits(); }
  bool string(string_t& value) override { return fits() && has_no_zero(value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return deeper(true); }
  bool key(string_t& name) override { return has_no_zero(name); }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(std::size_t) override { return deeper(false); }
  bool end_array() override { return --depth_ >= 0; }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::json::exception&) override {
    return false;
  }

  /// What is wrong; empty: that it is no JSON at all.
  [[nodiscard]] const std::string& complaint() const { return complaint_; }

private:
  bool refuse(const char* why) {
    complaint_ = why;
    return false;
  }

  bool fits() {
    return depth_ > 0 || refuse("arguments of a call must be one JSON object");
  }

  bool has_no_zero(const std::string& text) {
    return text.find('\0') == std::string::npos
           || refuse("arguments of a call must not contain \\u0000");
  }

  bool deeper(bool is_object) {
    if (depth_ == 0 && !is_object)
      return refuse("arguments of a call must be one JSON object");
    return ++depth_ <= max_depth || refuse("arguments of a call nest too deep");
  }

  int depth_ = 0;
  std::string complaint_;
};

result<void> check_shape(std::string_view json) {
  shape_check check;
  if (nlohmann::json::sax_parse(json, &check))
    return {};
  return fail(errc::invalid_argument,
              check.complaint().empty()
                ? "arguments of a call are not valid JSON in UTF-8"
                : check.complaint(),
              "Send one JSON object: argument name to value.");
}

result<void> check_required(const call_method& method,
                            const nlohmann::json& values) {
  for (const auto name : method.required)
    if (const auto found = values.find(name);
        found == values.end() || found->is_null())
      return fail(errc::invalid_argument,
                  fmt::format("argument \"{}\" of {} must not be null", name,
                              method.name),
                  "docs/nats.md says what each call takes.");
  return {};
}

} // namespace

std::span<const call_method> all_call_methods() {
  static const std::array methods{
#define RELAYED_METHOD(name, kind, ...)                                        \
  call_method{#name, METHOD_##kind, up_to_null({__VA_ARGS__})},
#include "sql/methods.def"
  };
  return methods;
}

const call_method* find_call_method(std::string_view name) {
  const auto methods = all_call_methods();
  const auto found = std::ranges::find(methods, name, &call_method::name);
  return found == methods.end() ? nullptr : &*found;
}

result<void> check_arguments(const call_method& method, std::string_view json) {
  if (auto shaped = check_shape(json); !shaped)
    return shaped;
  const auto values = nlohmann::json::parse(json);
  const auto query = values.find("query");
  if (query != values.end() && query->is_string()
      && query->get_ref<const std::string&>().size() > max_query_bytes)
    return fail(errc::query_too_large, "the defining query is longer than 1 MB",
                "Put parts of the query into views.");
  return check_required(method, values);
}

} // namespace pgtrickle
