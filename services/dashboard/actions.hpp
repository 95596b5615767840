#pragma once

#include "services/dashboard/sign_ins.hpp"
#include "services/http/message.hpp"

#include <map>
#include <memory>
#include <string>

namespace pgtrickle::dashboard {

struct acting {
  std::shared_ptr<sign_ins> visitors;
  /// Whether passwords reach the daemon unseen: over TLS, or on this host.
  bool is_private = false;
  /// The cookie goes over TLS only.
  bool is_encrypted = false;
  /// Gets a line for each sign-in and each action: who did what.
  std::function<void(const std::string&)> recorded = [](const auto&) {};
};

/// Adds signing in and out, and what those who did may do: docs/openapi.yaml
/// describes it. What a page from elsewhere has a browser send is refused.
void add_actions(std::map<std::string, http::page>& pages,
                 std::map<std::string, http::page>& actions, acting how);

} // namespace pgtrickle::dashboard
