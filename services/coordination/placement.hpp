#pragma once

#include "services/core/ids.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle {

/// A node, as its own session shows it to every other one in PostgreSQL. It is
/// the only word on who is there that all nodes read in the same place.
struct node_presence {
  std::string node;
  /// Its weight beside the others'.
  int capacity = 1;
  /// It has lost the bus, so that calls don't reach it.
  bool is_deaf = false;
  /// It hands over what it owns, and takes nothing.
  bool is_leaving = false;
  std::chrono::milliseconds present_for{0};
  /// Since its session did something: it looks each second.
  std::chrono::milliseconds silent_for{0};

  bool operator==(const node_presence&) const = default;
};

/// Who holds a database's ownership, and who waits for it.
struct database_tenure {
  /// Empty: nobody, or a session that is no node's.
  std::string owner;
  std::chrono::milliseconds owner_silent_for{0};
  std::set<std::string> waiting;

  bool operator==(const database_tenure&) const = default;
};

/// Nodes and owners at one moment.
struct cluster_situation {
  std::vector<node_presence> nodes;
  std::map<oid, database_tenure> tenures;

  bool operator==(const cluster_situation&) const = default;
};

/// How a node shows itself in pg_stat_activity: `pgtrickle node@<name>
/// <capacity>[ deaf][ leaving]`.
[[nodiscard]] std::string presence_text(const node_presence& node);

/// The node of such a text, or of `pgtrickle <part>@<name>`; absent: neither.
[[nodiscard]] std::optional<node_presence>
parse_presence(std::string_view text);

/// Longer names would be cut off in pg_stat_activity.
constexpr std::size_t max_node_name = 32;

/// Nodes by their claim to a database, the first one first: rendezvous hashing
/// (Thaler and Ravishankar 1998), weighted as in Schindelhauer and Schomaker
/// 2005. When a node comes or goes, only its own databases move.
[[nodiscard]] std::vector<std::string>
ranking(const std::vector<node_presence>& nodes, oid database);

/// What a node does about a database.
enum class stance : std::uint8_t {
  /// It is another's.
  stay_away,
  /// Own it, or wait to.
  serve,
  /// Let its better owner, who waits, have it.
  hand_over
};

/// Decides which databases a node serves. All nodes decide alike, from what
/// PostgreSQL shows to each of them.
class placement {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A database that nobody owns is left to those who rank higher for so long,
  /// each.
  static constexpr std::chrono::seconds precedence{2};
  /// The bus comes and goes, and not for all at once: who lost it for less is
  /// let be, and who has it back for less takes nothing of others.
  static constexpr std::chrono::seconds hearing_settles{5};

  /// `lease`: an owner that was silent for so long has lost its databases; a
  /// node that was there for less gets none of another's.
  placement(std::string self, std::chrono::milliseconds lease)
    : self_(std::move(self)), lease_(lease) {}

  /// Takes in what PostgreSQL shows at `now`.
  void observe(cluster_situation seen, time_point now);

  /// By what was observed last. `is_serving`: the node owns the database
  /// already, or waits to.
  [[nodiscard]] stance decide(oid database, bool is_serving);

  /// Whether anyone else could take over.
  [[nodiscard]] bool has_heirs() const;

private:
  /// Since when a node hears, or doesn't.
  struct hearing {
    bool is_deaf = false;
    time_point since = time_point::min();
  };

  void listen();
  [[nodiscard]] const std::vector<node_presence>&
  candidates(std::string_view owner);
  [[nodiscard]] std::vector<node_presence>
  find_candidates(std::string_view owner) const;
  [[nodiscard]] stance of_own(oid database, const database_tenure& tenure);
  [[nodiscard]] stance of_nobody(oid database, bool is_serving);

  std::string self_;
  std::chrono::milliseconds lease_;
  cluster_situation seen_;
  time_point now_;
  /// By owner, of what was seen last.
  std::map<std::string, std::vector<node_presence>, std::less<>> candidates_;
  /// Since when each was seen without an owner that lives.
  std::map<oid, time_point> unowned_since_;
  std::map<std::string, hearing> hearings_;
};

} // namespace pgtrickle
