#pragma once

#include "services/coordination/fleet_view.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace pgtrickle {

/// The cluster as this node saw it last, for whoever must not wait for an
/// answer. May be used by several threads.
class fleet_board {
public:
  using time_point = fleet_view::time_point;

  struct picture {
    std::vector<fleet_view::row> databases;
    std::vector<node_view::node> nodes;
  };

  void hang(picture seen) {
    auto hung = std::make_shared<const picture>(std::move(seen));
    const std::scoped_lock lock{mutex_};
    hung_ = std::move(hung);
  }

  [[nodiscard]] std::shared_ptr<const picture> look() const {
    const std::scoped_lock lock{mutex_};
    return hung_;
  }

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const picture> hung_ = std::make_shared<const picture>();
};

} // namespace pgtrickle
