#include "services/http/priority.hpp"

#include <sys/resource.h>

#include <unistd.h>

namespace pgtrickle::http {

void give_way() {
  constexpr int steps = 5;
  // Linux keeps it by thread.
  const auto thread = static_cast<id_t>(::gettid());
  ::setpriority(PRIO_PROCESS, thread,
                ::getpriority(PRIO_PROCESS, thread) + steps);
}

} // namespace pgtrickle::http
