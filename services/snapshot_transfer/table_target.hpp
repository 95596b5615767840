#pragma once

#include "services/postgres/client.hpp"
#include "services/snapshot_transfer/endpoints.hpp"

#include <optional>

namespace pgtrickle::snapshot_transfer {

/// A table in a database that is to become a snapshot. Until it is complete it
/// has a name of its own, and a comment that says how far it is; each piece and
/// that comment are one transaction.
class table_target : public row_target {
public:
  /// `name` is that of the table, as SQL writes it; empty: the source's. With
  /// `restart`, what an earlier transfer has left is thrown away.
  table_target(postgres::client_options options, std::string name, bool restart)
    : options_(std::move(options)), name_(std::move(name)), restart_(restart) {}

  result<transfer_position> open(const snapshot_header& header) override;
  bool is_complete() const override { return is_complete_; }
  result<void> begin_piece() override;
  result<void> put(std::string_view data) override { return db_->put(data); }
  result<void> end_piece(std::int64_t rows,
                         const transfer_position& after) override;
  result<transfer_report> finish() override;
  void close() override { db_.reset(); }

private:
  [[nodiscard]] result<void> connect();
  [[nodiscard]] result<void> name_target();
  [[nodiscard]] result<void> find_present();
  [[nodiscard]] result<void> check_schema();
  [[nodiscard]] result<void> lock_out_others();
  [[nodiscard]] result<transfer_position> take_up();
  [[nodiscard]] result<void> create();
  [[nodiscard]] result<void> check_types();
  [[nodiscard]] result<std::optional<std::string>>
  comment_of(const qualified_name& table);
  [[nodiscard]] std::string note(const transfer_position& at) const;

  [[nodiscard]] result<void> check_rows(const qualified_name& table,
                                        transfer_report& report);
  [[nodiscard]] result<void> give_name();
  [[nodiscard]] result<void> rename();
  [[nodiscard]] result<void> adopt(transfer_report& report);
  [[nodiscard]] result<void> run(const std::string& statement);
  [[nodiscard]] result<bool> ask(const std::string& question,
                                 const std::vector<postgres::text_value>& about
                                 = {});

  postgres::client_options options_;
  std::string name_;
  bool restart_;
  std::optional<postgres::client> db_;
  snapshot_header header_;
  qualified_name target_;
  qualified_name partial_;
  transfer_position position_;
  bool is_complete_ = false;
};

} // namespace pgtrickle::snapshot_transfer
