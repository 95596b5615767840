#include "services/http/negotiation.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace pgtrickle::http {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string in_lower_case(std::string_view text) {
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

/// Cuts what comes before the next `separator` off `list`.
std::string_view take(std::string_view& list, char separator) {
  const auto end = std::min(list.find(separator), list.size());
  const auto part = trimmed(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return part;
}

struct preference {
  std::string what;
  std::string version;
  double quality = 1;
};

/// One element of a list with quality values; what is no number counts as 0.
preference preference_of(std::string_view element) {
  preference read{in_lower_case(take(element, ';')), {}, 1};
  while (!element.empty()) {
    auto parameter = take(element, ';');
    const auto name = in_lower_case(take(parameter, '='));
    if (name == "version")
      read.version = parameter;
    if (name != "q")
      continue;
    double quality = 0;
    const auto* end = parameter.data() + parameter.size();
    const auto [stop, error] = std::from_chars(parameter.data(), end, quality);
    read.quality
      = error == std::errc{} && stop == end && quality >= 0 && quality <= 1
          ? quality
          : 0;
  }
  return read;
}

void raise(std::optional<double>& to, double quality) {
  to = std::max(to.value_or(0), quality);
}

} // namespace

bool prefers_openmetrics(std::string_view accept) {
  std::optional<double> openmetrics;
  std::optional<double> text;
  double anything = 0;
  while (!accept.empty()) {
    const auto one = preference_of(take(accept, ','));
    if (one.what == "application/openmetrics-text"
        && (one.version.empty() || one.version == "1.0.0"))
      raise(openmetrics, one.quality);
    else if (one.what == "text/plain"
             && (one.version.empty() || one.version == "0.0.4"))
      raise(text, one.quality);
    else if (one.what == "text/*" || one.what == "*/*")
      anything = std::max(anything, one.quality);
  }
  const auto least = text.value_or(anything);
  return openmetrics && *openmetrics > 0 && *openmetrics >= least;
}

bool takes_gzip(std::string_view accept_encoding) {
  std::optional<double> gzip;
  double anything = 0;
  while (!accept_encoding.empty()) {
    const auto one = preference_of(take(accept_encoding, ','));
    if (one.what == "gzip" || one.what == "x-gzip")
      raise(gzip, one.quality);
    else if (one.what == "*")
      anything = one.quality;
  }
  return gzip.value_or(anything) > 0;
}

} // namespace pgtrickle::http
