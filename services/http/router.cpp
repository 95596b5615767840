#include "services/http/router.hpp"

#include "services/http/response_text.hpp"

#include <algorithm>

namespace pgtrickle::http {

namespace {

const page* find(const std::map<std::string, page>& pages,
                 const std::string& path) {
  if (const auto found = pages.find(path); found != pages.end())
    return &found->second;
  // The longest one counts.
  for (auto end = path.rfind('/'); end != std::string::npos;
       end = end == 0 ? std::string::npos : path.rfind('/', end - 1))
    if (const auto found = pages.find(path.substr(0, end) + "/*");
        found != pages.end())
      return &found->second;
  return nullptr;
}

/// Without its port.
std::string name_of(std::string host) {
  if (host.starts_with('['))
    return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_among(const std::vector<std::string>& hosts, const std::string& host) {
  // A program that speaks HTTP/1.0 names none; a browser always does.
  return hosts.empty() || host.empty()
         || std::ranges::find(hosts, name_of(host)) != hosts.end();
}

response method_not_allowed(bool has_page, bool has_action) {
  auto refused = plain(405, "method not allowed");
  refused.headers.emplace_back("Allow", !has_action ? "GET, HEAD"
                                        : has_page  ? "GET, HEAD, POST"
                                                    : "POST");
  return refused;
}

response who_are_you() {
  auto refused = plain(401, "sign in");
  refused.headers.emplace_back("WWW-Authenticate",
                               R"(Basic realm="pgtrickle", charset="UTF-8")");
  return refused;
}

} // namespace

response router::answer(const request& asked) const {
  if (!is_among(hosts, asked.header("host")))
    return plain(421, "this host is not served here");
  if (!asked.path.starts_with(base_path))
    return plain(404, "not found");
  auto below = asked;
  below.path.erase(0, base_path.size());
  if (below.path.empty()) {
    auto moved = plain(308, "moved");
    moved.headers.emplace_back("Location", base_path + "/");
    return moved;
  }
  if (users && !below.path.starts_with("/-/")
      && !users->admit(asked.header("authorization")))
    return who_are_you();
  const auto* shown = find(pages, below.path);
  const auto* acting = find(actions, below.path);
  if (shown == nullptr && acting == nullptr)
    return plain(404, "not found");
  const auto reads = asked.method == "GET" || asked.method == "HEAD";
  const auto* found = reads ? shown : asked.method == "POST" ? acting : nullptr;
  if (found == nullptr)
    return method_not_allowed(shown != nullptr, acting != nullptr);
  return (*found)(below);
}

} // namespace pgtrickle::http
