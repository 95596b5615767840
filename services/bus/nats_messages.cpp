#include "services/bus/nats_messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace pgtrickle::bus {

namespace {

std::string first_line(std::string_view text) {
  return std::string{text.substr(0, text.find_first_of("\r\n"))};
}

natsStatus set_headers(natsMsg* msg, const headers& told) {
  auto status = NATS_OK;
  for (const auto& [name, value] : told)
    if (status == NATS_OK)
      status = natsMsgHeader_Set(msg, name.c_str(), first_line(value).c_str());
  return status;
}

} // namespace

tl::unexpected<failure> bus_failure(natsStatus status, std::string_view what) {
  return fail(errc::connection_lost,
              fmt::format("nats: {}: {}", what, natsStatus_GetText(status)));
}

headers headers_of(natsMsg* msg) {
  headers given;
  const char** names = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(msg, &names, &count) != NATS_OK)
    return given;
  for (int i = 0; i < count; ++i) {
    const char* value = nullptr;
    if (natsMsgHeader_Get(msg, names[i], &value) == NATS_OK && value != nullptr)
      given.emplace_back(names[i], value);
  }
  std::free(static_cast<void*>(names));
  return given;
}

result<message_handle> make_message(const std::string& subject,
                                    std::string_view payload,
                                    const headers& told) {
  natsMsg* raw = nullptr;
  if (auto s = natsMsg_Create(&raw, subject.c_str(), nullptr, payload.data(),
                              static_cast<int>(payload.size()));
      s != NATS_OK)
    return bus_failure(s, "message");
  message_handle msg{raw};
  if (auto s = set_headers(raw, told); s != NATS_OK)
    return bus_failure(s, "header");
  return msg;
}

std::optional<std::string_view> header_of(const message& arrived,
                                          std::string_view name) {
  const auto same = [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  };
  for (const auto& [key, value] : arrived.given)
    if (std::ranges::equal(key, name, same))
      return value;
  return std::nullopt;
}

} // namespace pgtrickle::bus
