#pragma once

#include <string>

namespace pgtrickle::bench {

/// Draws the figures of docs/planner.md into `folder`.
void draw_plots(const std::string& folder);

} // namespace pgtrickle::bench
