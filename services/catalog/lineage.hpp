#pragma once
// Whether a point in the history of a PostgreSQL cluster is part of the present
// one: physical copies share a past, and each promotion begins a timeline.

#include <pqxx/pqxx>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle::catalog {

/// A place in the write-ahead log of a cluster.
struct history_point {
  /// Of the cluster and of its physical copies.
  std::string system_identifier;
  std::uint32_t timeline = 0;
  /// What had happened then stands before it.
  std::uint64_t lsn = 0;

  bool operator==(const history_point&) const = default;
};

/// A timeline that was left for the next one.
struct past_timeline {
  std::uint32_t timeline = 0;
  /// Where it was left: what lies behind belongs to it alone.
  std::uint64_t end = 0;

  bool operator==(const past_timeline&) const = default;
};

/// Where a cluster stands, and how it came there.
struct lineage {
  history_point now;
  /// Oldest first, without the present one.
  std::vector<past_timeline> past;
};

/// An LSN as PostgreSQL prints it ("16/B374D848"); nothing if it is none.
[[nodiscard]] std::optional<std::uint64_t> parse_lsn(std::string_view text);

/// The LSN as PostgreSQL prints it.
[[nodiscard]] std::string lsn_text(std::uint64_t lsn);

/// The timelines of a history file (pg_wal/00000003.history). Lines that it
/// can't read, as comments, are passed over.
[[nodiscard]] std::vector<past_timeline> parse_history(std::string_view file);

/// Why `point` is not in the past of `present`, as a part of a sentence;
/// nothing if it is.
[[nodiscard]] std::optional<std::string>
why_not_ancestor(const history_point& point, const lineage& present);

/// Reads where the server of `tx` stands, which must not be in recovery; the
/// point is behind everything that a snapshot taken before this call sees.
/// Needs the right to read the server's files.
[[nodiscard]] lineage current_lineage(pqxx::transaction_base& tx);

} // namespace pgtrickle::catalog
