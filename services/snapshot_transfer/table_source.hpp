#pragma once

#include "services/postgres/client.hpp"
#include "services/snapshot_transfer/endpoints.hpp"

#include <optional>

namespace pgtrickle::snapshot_transfer {

/// A snapshot's table in a database. A connection reads it in one transaction,
/// piece by piece, each a range of blocks; as the table is never updated, the
/// pieces of several connections fit together.
class table_source : public row_source {
public:
  /// `name` is that of the table, as SQL writes it; `blocks` is the length of a
  /// piece.
  table_source(postgres::client_options options, std::string name,
               std::int64_t blocks)
    : options_(std::move(options)), name_(std::move(name)), blocks_(blocks) {}

  result<snapshot_header> open() override;
  result<bool> seek(std::int64_t next) override;
  result<piece_end> read(const byte_sink& sink) override;
  void close() override { db_.reset(); }

private:
  [[nodiscard]] result<std::string> find_table();
  [[nodiscard]] result<snapshot_header> read_table(const std::string& oid);
  [[nodiscard]] result<void> read_columns(const std::string& oid);

  postgres::client_options options_;
  std::string name_;
  std::int64_t blocks_;
  std::optional<postgres::client> db_;
  snapshot_header header_;
  std::int64_t end_ = 0;
  std::int64_t next_ = 0;
};

} // namespace pgtrickle::snapshot_transfer
