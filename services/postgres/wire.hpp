#pragma once

#include "services/core/result.hpp"

#include <chrono>
#include <functional>
#include <libpq-fe.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle::postgres {

/// A connection of libpq on which every wait can be interrupted.
class wire {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using rows_of = std::unique_ptr<PGresult, void (*)(PGresult*)>;

  /// `label` stands before the messages of errors.
  wire(std::string label, int interrupt_fd,
       std::function<void(const std::string&)> on_notice)
    : label_(std::move(label)), interrupt_fd_(interrupt_fd),
      on_notice_(std::move(on_notice)) {}
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;
  ~wire() { PQfinish(db_); }

  /// Takes over a connection that has been started, and completes it.
  [[nodiscard]] result<void> connect(PGconn* started, time_point deadline);

  [[nodiscard]] PGconn* raw() const { return db_; }

  /// Sends a statement; without parameters it may be several.
  [[nodiscard]] result<void>
  send(const std::string& statement,
       const std::vector<std::optional<std::string>>& parameters);

  /// Sends what libpq still holds.
  [[nodiscard]] result<void> flush() const;

  /// Waits for something to read, and hands it to libpq.
  [[nodiscard]] result<void> consume() const;

  /// Starts a COPY in the direction that `wanted` says.
  [[nodiscard]] result<void> start_copy(const std::string& statement,
                                        ExecStatusType wanted);

  /// Reads what is left of a statement; returns its last result.
  [[nodiscard]] result<rows_of> finish() const;

  /// connection_lost, with libpq's reason.
  [[nodiscard]] tl::unexpected<failure> lost() const;

private:
  [[nodiscard]] result<bool>
  wait(short events, std::optional<time_point> deadline = {}) const;
  [[nodiscard]] result<rows_of> next() const;
  [[nodiscard]] tl::unexpected<failure> failed(const PGresult* with) const;
  void cancel_statement() const;
  static void pass_on(void* argument, const PGresult* notice);

  [[nodiscard]] std::string labelled(const std::string& message) const;

  PGconn* db_ = nullptr;
  std::string label_;
  int interrupt_fd_;
  std::function<void(const std::string&)> on_notice_;
};

} // namespace pgtrickle::postgres
