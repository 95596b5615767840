#pragma once
// nats.c's messages and errors in C++.

#include "services/bus/connection.hpp"

#include <nats/nats.h>

#include <memory>
#include <string>
#include <string_view>

namespace pgtrickle::bus {

template <auto Destroy>
struct destroyer {
  template <class T>
  void operator()(T* x) const {
    Destroy(x);
  }
};

using options_handle
  = std::unique_ptr<natsOptions, destroyer<natsOptions_Destroy>>;
using message_handle = std::unique_ptr<natsMsg, destroyer<natsMsg_Destroy>>;
using jetstream_handle = std::unique_ptr<jsCtx, destroyer<jsCtx_Destroy>>;

[[nodiscard]] tl::unexpected<failure> bus_failure(natsStatus status,
                                                  std::string_view what);

/// The first value of each header.
[[nodiscard]] headers headers_of(natsMsg* msg);

[[nodiscard]] result<message_handle> make_message(const std::string& subject,
                                                  std::string_view payload,
                                                  const headers& told);

} // namespace pgtrickle::bus
