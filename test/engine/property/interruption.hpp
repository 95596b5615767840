#pragma once
// Ctrl-C ends a run after the history that is under way: what was found until
// then is still told.

namespace pgtrickle::test {

/// From now on the first SIGINT or SIGTERM asks the run to end; the second one
/// kills it.
void heed_interruptions();

[[nodiscard]] bool interrupted();

} // namespace pgtrickle::test
