#pragma once

#include "services/core/byte_sink.hpp"
#include "services/core/ids.hpp"
#include "services/core/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle::postgres {

class wire;

/// How a user's program connects.
struct client_options {
  /// libpq connection string, URI or name of a database; what it leaves out
  /// comes from libpq's environment and files. Never shown.
  std::string conninfo;
  /// Stands before the messages of errors, where there is more than one
  /// session.
  std::string label = {};
  std::string application_name = "pgtricklectl";
  std::chrono::seconds connect_timeout{10};
  /// Whatever waits ends with `cancelled` once this descriptor is readable;
  /// -1: never.
  int interrupt_fd = -1;
  /// Gets the NOTICEs and WARNINGs of the server.
  std::function<void(const std::string&)> on_notice = {};
};

/// A value as PostgreSQL writes it; nothing is NULL.
using text_value = std::optional<std::string>;

struct text_rows {
  struct column {
    std::string name;
    oid type;
  };
  std::vector<column> columns;
  std::vector<std::vector<text_value>> rows;

  /// A value that is known to be there; empty for NULL.
  [[nodiscard]] const std::string& value(std::size_t row,
                                         std::size_t column) const;
};

/// A session over libpq: every wait can be interrupted, errors keep their
/// fields, and COPY goes in and out in pieces. After connection_lost or
/// cancelled, or when a sink has failed, it is of no further use.
class client {
public:
  /// Connects. Errors: connection_lost, invalid_argument, cancelled.
  [[nodiscard]] static result<client> open(const client_options& options);

  /// Whether the server let it in by a password that it asked for.
  [[nodiscard]] bool was_asked_for_password() const;

  /// Runs a statement, or several if there are no parameters; returns what the
  /// last one gave.
  [[nodiscard]] result<text_rows> run(const std::string& statement,
                                      const std::vector<text_value>& parameters
                                      = {});

  /// Feeds `sink` with what COPY … TO STDOUT sends; returns how many rows that
  /// was.
  [[nodiscard]] result<std::int64_t> copy_out(const std::string& statement,
                                              const byte_sink& sink);

  /// Starts COPY … FROM STDIN; `put` sends its data, `end_copy` returns how
  /// many rows came of it.
  [[nodiscard]] result<void> begin_copy(const std::string& statement);
  [[nodiscard]] result<void> put(std::string_view data);
  [[nodiscard]] result<std::int64_t> end_copy();

private:
  explicit client(std::shared_ptr<wire> w) : wire_(std::move(w)) {}

  std::shared_ptr<wire> wire_;
};

} // namespace pgtrickle::postgres
