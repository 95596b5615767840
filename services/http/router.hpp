#pragma once

#include "services/http/credentials.hpp"
#include "services/http/message.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pgtrickle::http {

/// Finds who answers a request, if it may be asked at all.
struct router {
  /// For GET and HEAD, by path; one that ends in `/*` answers for all below it.
  std::map<std::string, page> pages = {};
  /// For POST.
  std::map<std::string, page> actions = {};
  /// Stands before every path; empty, or begins with a slash.
  std::string base_path = {};
  /// The hosts that requests may name, so that no web page can make a browser
  /// ask in its own name; empty: any.
  std::vector<std::string> hosts = {};
  /// Null: anyone may ask. What is below `/-/` anyone may ask in any case.
  std::shared_ptr<credentials> users = {};

  [[nodiscard]] response answer(const request& asked) const;
};

} // namespace pgtrickle::http
