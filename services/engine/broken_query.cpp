#include "services/engine/broken_query.hpp"

namespace pgtrickle::engine {

void blame_query(refresh_outcome& outcome, failure& error,
                 const std::string& why) {
  const auto next = reaction_to(error.code);
  if (next != reaction::reject && next != reaction::rebuild)
    return;
  if (!why.empty())
    error.message = why + ": " + error.message;
  if (error.code == errc::cancelled)
    return;
  outcome.is_broken = true;
  error.hint = "Give it another query by pgtrickle.alter_stream_table(…, "
               "query => …), or restore what it reads and call "
               "pgtrickle.resume_stream_table.";
}

} // namespace pgtrickle::engine
